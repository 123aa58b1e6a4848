// Makes the packages that the bench packs and publishes, in .corpus beside this file (left out of git).
//
//   node corpus.mjs CASE...
//
// Real sources come from what tests/peers/setup installs, so they are pinned by its locks; the rest is made from a
// seeded generator. The same pins give the same corpus. A case that is there is not made again.

import { createHash } from 'node:crypto'
import {
  closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

const here = dirname(fileURLToPath(import.meta.url))
const corpus = join(here, '.corpus')
const installed = join(here, '../../tests/peers/.installed')

const MB = 1_000_000
const SOURCE = /\.(?:[cm]?[jt]s|json|md|map)$/
const SCRIPT = /\.[cm]?js$/

// Numbers below 2^32 that look random and are the same everywhere (mulberry32).
const generator = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return (t ^ (t >>> 14)) >>> 0
}

const write = (folder, path, contents) => {
  const full = join(folder, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, contents)
}
const manifest = (name, more = {}) => `${JSON.stringify({ name, version: '1.0.0', description: `The ${name} case`, ...more }, null, 2)}\n`

// The files of a package tarball, by their path below the top folder.
const filesIn = (tarball) => {
  const tar = gunzipSync(readFileSync(tarball))
  const files = []
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const text = (from, to) => tar.toString('utf8', at + from, at + to).split('\0', 1)[0]
    const size = parseInt(text(124, 136), 8)
    const type = text(156, 157)
    if (type === '0' || type === '') {
      const prefix = text(345, 500)
      const path = `${prefix ? `${prefix}/` : ''}${text(0, 100)}`
      files.push([path.slice(path.indexOf('/') + 1), tar.subarray(at + 512, at + 512 + size)])
    }
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}
const filesBelow = (folder, at = folder) =>
  readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    const path = join(at, entry.name)
    if (entry.isDirectory()) return filesBelow(folder, path)
    return entry.isFile() && SOURCE.test(path) ? [[relative(folder, path), readFileSync(path)]] : []
  })

// Every source file that setup installs, once for each contents, in the order of its path: [path, contents].
const realSources = () => {
  const packages = join(installed, 'packages')
  if (!existsSync(join(packages, 'index.json'))) throw new Error('run tests/peers/setup first')
  const found = JSON.parse(readFileSync(join(packages, 'index.json'))).flatMap(({ file }) =>
    filesIn(join(packages, file)).map(([path, contents]) => [`${file.slice(0, -4)}/${path}`, contents]))
  found.push(...filesBelow(join(installed, 'clients/node_modules')).map(([path, contents]) => [`clients/${path}`, contents]))

  const seen = new Set()
  return found
    .filter(([path]) => SOURCE.test(path))
    // Dot files steer packing, and a nested node_modules is left out of it.
    .map(([path, contents]) => [path.replaceAll('node_modules', 'modules'), contents])
    .filter(([path]) => !path.split('/').some((part) => part.startsWith('.')))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .filter(([, contents]) => {
      const digest = createHash('sha1').update(contents).digest('hex')
      return contents.length > 0 && !seen.has(digest) && seen.add(digest)
    })
}

const cases = {
  // A package as most are: a handful of small files.
  tiny(folder) {
    write(folder, 'package.json', manifest('tiny', { main: 'index.js' }))
    write(folder, 'index.js', "module.exports = (name) => `hello ${name}`\n")
    write(folder, 'README.md', '# tiny\n\nSays hello.\n')
  },

  // The 12,918 smallest of the real sources and a package.json: 34 MB.
  sources(folder) {
    const smallest = realSources().sort(([, one], [, other]) => one.length - other.length).slice(0, 12_918)
    for (const [path, contents] of smallest) write(folder, join('src', path), contents)
    write(folder, 'package.json', manifest('sources'))
  },

  // One file of 100 MB of real JavaScript; what there is, and then again from the start, far outside any window.
  javascript(folder) {
    const scripts = realSources().filter(([path]) => SCRIPT.test(path)).map(([, contents]) => contents)
    const file = openSync(join(folder, 'bundle.js'), 'w')
    for (let left = 100 * MB, at = 0; left > 0; at = (at + 1) % scripts.length) {
      left -= writeSync(file, scripts[at].subarray(0, left))
    }
    closeSync(file)
    write(folder, 'package.json', manifest('javascript'))
  },

  // 300 MB: half of it random, half of it zeros, each in one file.
  'half-random'(folder) {
    big(folder, 'random.bin', 150 * MB, generator(300))
    big(folder, 'zeros.bin', 150 * MB)
    write(folder, 'package.json', manifest('half-random'))
  },

  // 100,000 files of 20 to 400 bytes, a hundred in a folder.
  many(folder) {
    const next = generator(100_000)
    const words = 'const let return function export import value index name result item list from map filter'.split(' ')
    for (let directory = 0; directory < 1000; directory += 1) {
      const below = join(folder, `lib/${directory % 40}/${directory}`)
      mkdirSync(below, { recursive: true })
      for (let file = 0; file < 100; file += 1) {
        let text = ''
        for (const size = 20 + (next() % 380); text.length < size; ) text += `${words[next() % words.length]} ${next() % 1000}\n`
        writeFileSync(join(below, `m${file}.js`), text)
      }
    }
    write(folder, 'package.json', manifest('many'))
  },

  // 200 members of a workspace, a few files each.
  members(folder) {
    const next = generator(200)
    write(folder, 'package.json', manifest('members', { private: true, workspaces: ['packages/*'] }))
    write(folder, 'pnpm-workspace.yaml', 'packages:\n  - packages/*\n')
    for (let member = 0; member < 200; member += 1) {
      const name = `member-${String(member).padStart(3, '0')}`
      const below = `packages/${name}`
      write(folder, `${below}/package.json`, manifest(name, { main: 'index.js' }))
      write(folder, `${below}/README.md`, `# ${name}\n`)
      for (let file = 0; file < 5; file += 1) {
        const lines = Array.from({ length: 40 }, () => `exports.value${next() % 1000} = ${next()}\n`)
        write(folder, `${below}/${file === 0 ? 'index' : `part${file}`}.js`, lines.join(''))
      }
    }
  },

  // 1.3 GB that does not get smaller.
  huge(folder) {
    big(folder, 'random.bin', 1300 * MB, generator(1300))
    write(folder, 'package.json', manifest('huge'))
  },
}

// A file of `size` bytes from a generator, or of zeros.
function big(folder, path, size, next) {
  const block = Buffer.alloc(MB)
  const file = openSync(join(folder, path), 'w')
  for (let left = size; left > 0; ) {
    if (next) for (let at = 0; at < MB; at += 4) block.writeUInt32LE(next(), at)
    left -= writeSync(file, block.subarray(0, left))
  }
  closeSync(file)
}

const wanted = process.argv.slice(2)
if (wanted.length === 0 || wanted.some((name) => !Object.hasOwn(cases, name))) {
  console.error(`usage: node corpus.mjs CASE...   cases: ${Object.keys(cases).join(' ')}`)
  process.exit(2)
}
for (const name of wanted) {
  const folder = join(corpus, name)
  if (existsSync(folder)) continue
  const making = `${folder}.making`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true })
  cases[name](making)
  renameSync(making, folder)
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const bytes = files.reduce((sum, entry) => sum + statSync(join(entry.parentPath ?? entry.path, entry.name)).size, 0)
  console.error(`corpus: ${name}: ${files.length} files, ${(bytes / MB).toFixed(1)} MB`)
}
