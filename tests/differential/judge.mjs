// The judge: answers, with npm's own modules, what npm packs from a directory.
//
//   node judge.mjs NPM_DIRECTORY
//
// One request per line on stdin, one answer per line on stdout, in order:
//
//   {"kind":"versions"}
//     -> {"npm":"11.19.1","minimatch":"10.2.5","icu":"78.2",...}
//   {"kind":"minimatch","pairs":[[pattern, path, partial], ...]}
//     -> {"matches":[[pattern error or null, hit], ...]}
//   {"kind":"sort","paths":[...]} -> {"tar":[positions],"listing":[positions]}
//   {"kind":"pack","directory":"/abs","prefix":"/abs"?,"workspaces":["/abs",...]?}
//     -> {"files":[...tar order...],"warnings":[...],"json":{...what --json prints...}}
//      | {"files":[...],"warnings":[...],"never":true}   node-tar hung, as it may with hard links
//      | {"refused":{"code":"ENOENT","message":"..."}}
//
// A pack request does what `npm pack` does after its lifecycle scripts: pacote's manifest,
// arborist's loadActual, npm-packlist, tar with pacote's options, and lib/utils/tar.js.

import { AsyncLocalStorage } from 'node:async_hooks'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const npm = process.argv[2]
const require = createRequire(join(npm, 'package.json'))

const Arborist = require('@npmcli/arborist')
const pacote = require('pacote')
const npa = require('npm-package-arg')
const packlist = require('npm-packlist')
const tar = require('tar')
const { Minimatch } = require('minimatch')
const tarCreateOptions = require(join(npm, 'node_modules/pacote/lib/util/tar-create-options.js'))
const { getContents } = require(join(npm, 'lib/utils/tar.js'))
const { redact } = (() => {
  try {
    return { redact: require('@npmcli/redact').redactLog }
  } catch {
    return { redact: value => value }
  }
})()

// How long a package may take, in milliseconds.
const patience = Number(process.env.CONSIGN_JUDGE_PATIENCE) || 5000
// npm-packlist throws inside callbacks: such an error ends npm, and here it ends the request that it belongs to, which
// may have been answered before. So do the warnings that npm logs while it lists.
const requests = new AsyncLocalStorage()
process.on('log', (level, ...args) => {
  if (level === 'warn') {
    requests.getStore()?.warnings.push(args.map(String).join(' '))
  }
})
const caught = error => {
  const request = requests.getStore()
  if (request) {
    request.fail(error)
  } else {
    process.stderr.write(`judge: ${error?.stack || error}\n`)
  }
}
process.on('uncaughtException', caught)
process.on('unhandledRejection', caught)

const ruleOptions = { matchBase: true, dot: true, flipNegate: true, nocase: true }

const compiled = new Map()
const compile = pattern => {
  if (!compiled.has(pattern)) {
    if (compiled.size > 20000) {
      compiled.clear()
    }
    try {
      compiled.set(pattern, { rule: new Minimatch(pattern, ruleOptions) })
    } catch (error) {
      compiled.set(pattern, { error: String(error.message).slice(0, 200).toWellFormed() })
    }
  }
  return compiled.get(pattern)
}

// Some patterns send V8 into exponential backtracking, so each gets only this long.
const PATIENCE = 250
const vm = require('node:vm')
const matchAll = new vm.Script('judgeMatches()')

const minimatch = ({ pairs }) => {
  const matches = []
  for (let from = 0; from < pairs.length;) {
    const [pattern] = pairs[from]
    let to = from
    while (to < pairs.length && pairs[to][0] === pattern) {
      to++
    }
    const group = pairs.slice(from, to)
    const { rule, error } = compile(pattern)
    let answers = group.map(() => [error || 'too slow', null])
    if (!error) {
      globalThis.judgeMatches = () => group.map(([, path, partial]) => [null, rule.match(path, partial)])
      try {
        answers = matchAll.runInThisContext({ timeout: PATIENCE })
      } catch (timeout) {
        if (timeout.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
          throw timeout
        }
      }
    }
    matches.push(...answers)
    from = to
  }
  return { matches }
}

const { Walker } = packlist
const sort = ({ paths }) => {
  const internal = paths.map((path, index) => ({ path: path.startsWith('@') ? `./${path}` : path, index }))
  const tarOrder = [...internal].sort((a, b) => Walker.prototype.sort(a.path, b.path))
  const localeCompare = require('@isaacs/string-locale-compare')('en', { sensitivity: 'case', numeric: true })
  const isUpper = path => path.charAt(0) === path.charAt(0).toUpperCase()
  const entries = paths.map((path, index) => ({ path, index }))
  const uppers = entries.filter(({ path }) => isUpper(path)).sort((a, b) => localeCompare(a.path, b.path))
  const others = entries.filter(({ path }) => !isUpper(path)).sort((a, b) => localeCompare(a.path, b.path))
  return {
    tar: tarOrder.map(({ index }) => index),
    listing: [...uppers, ...others].map(({ index }) => index),
  }
}

const packed = async ({ directory, prefix, workspaces }, listed) => {
  const manifest = await pacote.manifest(npa(directory), {
    Arborist, preferOnline: true, _isRoot: true, allowDirectory: 'all',
  })
  if (!manifest._id) {
    throw new Error('Invalid package, must have name and version')
  }
  const tree = await new Arborist({ path: directory }).loadActual()
  const files = await packlist(tree, { path: directory, prefix, workspaces })
  listed.files = files.map(file => file.startsWith('./@') ? file.slice(2) : file)
  if (files.length === 0) {
    throw new TypeError('no paths specified to add to archive')
  }
  const options = tarCreateOptions(manifest)
  const stream = tar.c(options, files.slice())
  const tarball = await stream.concat()
  const json = await getContents(manifest, tarball)
  return {
    files: listed.files,
    // As the display of npm's command line does it.
    json: JSON.parse(redact(JSON.stringify(json))),
  }
}

const pack = async request => {
  const warnings = []
  let timer
  const listed = {}
  try {
    const answer = await new Promise((resolve, reject) => {
      // Some errors leave npm waiting for nothing; it then ends without having done anything.
      timer = setTimeout(() => reject(Object.assign(new Error('npm never ends'), { code: 'NEVER' })), patience)
      requests.run({ warnings, fail: reject }, () => packed(request, listed).then(resolve, reject))
    })
    return { ...answer, warnings }
  } catch (error) {
    if ((error?.code === 'NEVER' || error?.code === 'Z_STREAM_ERROR') && listed.files) {
      // With hard links node-tar sometimes waits for ever, or ends its stream too early.
      return { ...listed, never: true, warnings }
    }
    return {
      refused: { code: error?.code ?? null, name: error?.name ?? null, message: String(error?.message ?? error).toWellFormed() },
      warnings,
    }
  } finally {
    clearTimeout(timer)
  }
}

const versions = () => ({
  npm: require('./package.json').version,
  packlist: require('npm-packlist/package.json').version,
  minimatch: require(join(npm, 'node_modules/minimatch/package.json')).version,
  node: process.version,
  icu: process.versions.icu,
  unicode: process.versions.unicode,
})

const kinds = { versions, minimatch, sort, pack }
process.umask(0o022)
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const request = JSON.parse(line)
  const answer = await kinds[request.kind](request)
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
