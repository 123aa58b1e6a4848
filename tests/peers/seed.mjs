// Publishes to a registry what the real packages depend on, so that npm can install them from there alone.
//
//   CONSIGN_SEED_TOKEN=... node seed.mjs REGISTRY
//
// It sends the tarballs that ./setup fetched, unchanged, each in a plain publish document. The packages under test are
// left out: those are the client's to publish.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const registry = process.argv[2]
const token = process.env.CONSIGN_SEED_TOKEN
if (!registry || !token) {
  console.error('usage: CONSIGN_SEED_TOKEN=... node seed.mjs REGISTRY')
  process.exit(2)
}
const folder = new URL('./.installed/packages/', import.meta.url)

// The package.json at the top of a tarball: the first of that name one folder down, whatever the folder is called.
const manifest = (tarball) => {
  const tar = gunzipSync(tarball)
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const text = (from, to) => tar.toString('utf8', at + from, at + to).split('\0', 1)[0]
    const size = parseInt(text(124, 136), 8)
    if (/^[^/]+\/package\.json$/.test(text(0, 100)) && text(345, 500) === '') {
      return JSON.parse(tar.toString('utf8', at + 512, at + 512 + size))
    }
    at += 512 + Math.ceil(size / 512) * 512
  }
  throw new Error('no package.json')
}

const publish = async ({ name, version, file }) => {
  const tarball = readFileSync(new URL(file, folder))
  const attachment = `${name}-${version}.tgz`
  const dist = {
    integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
    shasum: createHash('sha1').update(tarball).digest('hex'),
    tarball: new URL(`${name}/-/${attachment}`, registry).href,
  }
  const reply = await fetch(registry + name.replace('/', '%2f'), {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      _id: name,
      name,
      'dist-tags': { latest: version },
      versions: { [version]: { ...manifest(tarball), _id: `${name}@${version}`, dist } },
      access: null,
      _attachments: {
        [attachment]: { content_type: 'application/octet-stream', data: tarball.toString('base64'), length: tarball.length },
      },
    }),
  })
  const said = await reply.text()
  if (!reply.ok) throw new Error(`${name}@${version}: ${reply.status} ${said}`)
}

const versions = new Map()
for (const entry of JSON.parse(readFileSync(new URL('index.json', folder)))) {
  if (!entry.root) versions.set(entry.name, [...(versions.get(entry.name) ?? []), entry])
}
// Eight names at a time; the versions of one name one after another, because a registry may merge them carelessly.
const queue = [...versions.values()]
const worker = async () => {
  for (let entries = queue.shift(); entries; entries = queue.shift()) {
    for (const entry of entries) await publish(entry)
  }
}
await Promise.all(Array.from({ length: 8 }, worker))
