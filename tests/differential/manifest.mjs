// What npm makes of a package directory, by npm's own modules, for tests/it/manifest.rs.
//
// Usage: node manifest.mjs NPM_DIRECTORY
// One request per line on stdin:  {"directory": "...", "npmVersion": "...", "origin": {...}}
// One answer per line on stdout:  {"pack": R, "publish": R, "tarball": R}
// where R is {"document": string, ...} with documents as JSON.stringify prints them, or {"error": {code, message}}.
// Or {"texts": [string]}, answered by what npm's parsers of versions, ranges, names, tags and URLs say to each.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const npmDirectory = process.argv[2]
const require = createRequire(join(npmDirectory, 'lib', 'npm.js'))

const PackageJson = require('@npmcli/package-json')
const semver = require('semver')
const npa = require('npm-package-arg')
const HostedGit = require('hosted-git-info')
const validateName = require('validate-npm-package-name')

// libnpmpublish sends through npm-registry-fetch; what it would send is all that is wanted.
let sent
const fetchPath = require.resolve('npm-registry-fetch')
const realFetch = require(fetchPath)
const fakeFetch = async (_path, options) => {
  sent = options.body
  return {}
}
fakeFetch.pickRegistry = realFetch.pickRegistry
require.cache[fetchPath].exports = fakeFetch
const { publish } = require('libnpmpublish')

let warnings = []
process.on('log', (level, ...args) => {
  if (level === 'warn') {
    warnings.push(args.join(' '))
  }
})

const settled = async run => {
  warnings = []
  try {
    return await run()
  } catch (error) {
    return { error: { name: error.name, code: error.code ?? null, errno: error.errno ?? null, message: error.message } }
  }
}

const finish = async (manifest, npmVersion) => {
  const isPrerelease = Boolean(semver.parse(manifest.version).prerelease.length)
  npa.resolve(manifest.name, manifest.version)
  npa(`${manifest.name}@latest`)
  sent = undefined
  await publish(manifest, Buffer.alloc(0), { registry: 'https://registry.invalid/', npmVersion })
  const [object] = Object.values(sent.versions)
  return { isPrerelease, object: JSON.stringify(object), dist: object.dist }
}

const pack = directory => settled(async () => {
  const { content } = await PackageJson.normalize(directory)
  const document = { ...content }
  if (!document._id) {
    throw new Error('Invalid package, must have name and version')
  }
  return { document: JSON.stringify(document), pretty: JSON.stringify(document, null, 2) }
})

// A package.json that holds a list is spread like any other, as it is before it is sent.
const pass = async directory => {
  const changes = []
  const pkg = await PackageJson.fix(directory, { changes })
  const { content } = await pkg.prepare()
  return { content, changes }
}

const publishDirectory = (directory, npmVersion) => settled(async () => {
  await pass(directory)
  warnings = []
  const { content, changes } = await pass(directory)
  const answer = { document: JSON.stringify({ ...content }), corrections: changes, warnings }
  return { ...answer, finished: await settled(() => finish(content, npmVersion)) }
})

const publishTarball = (directory, npmVersion, origin) => settled(async () => {
  const content = await PackageJson.prepare(directory).then(pkg => pkg.content)
  const manifest = { ...content, _integrity: origin.integrity, _resolved: origin.resolved, _from: origin.from }
  const answer = { document: JSON.stringify(manifest), warnings }
  return { ...answer, finished: await settled(() => finish(manifest, npmVersion)) }
})

const attempt = run => {
  try {
    return run() ?? null
  } catch (error) {
    return { code: error.code ?? null, message: error.message }
  }
}

const describeText = text => {
  const hosted = attempt(() => HostedGit.fromUrl(text))
  return {
    valid: [semver.valid(text, false), semver.valid(text, true)],
    clean: [semver.clean(text, false), semver.clean(text, true)],
    range: [semver.validRange(text, false) !== null, semver.validRange(text, true) !== null],
    url: URL.canParse(text),
    name: attempt(() => validateName(text).errors ?? []),
    hosted: hosted && !hosted.message ? [hosted.toString(), hosted.https(), hosted.bugs(), hosted.docs()] : hosted,
    tag: attempt(() => npa(`name@${text}`) && null),
    spec: attempt(() => npa.resolve('name', text) && null),
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { texts, directory, npmVersion, origin } = JSON.parse(line)
  if (texts) {
    process.stdout.write(`${JSON.stringify(texts.map(describeText))}\n`)
    continue
  }
  const answer = {
    pack: await pack(directory),
    publish: await publishDirectory(directory, npmVersion),
    tarball: await publishTarball(directory, npmVersion, origin),
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
