// node config.mjs NPM_DIRECTORY
//
// Reads one case per line and answers with what npm's own modules make of it, one line each.
//
// A case: {cwd, env: [[name, value]], args, node, npm, name, publishConfig}. The directories exist.
// The steps between are npm's own (lib/npm.js #load, lib/base-cmd.js, lib/commands/publish.js), only
// without running a command.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { join } from 'node:path'

const npm = process.argv[2]
const require = createRequire(join(npm, 'lib', 'npm.js'))
const Config = require('@npmcli/config')
const { definitions, flatten, nerfDarts, shorthands } = require('@npmcli/config/lib/definitions')
const getAuth = require('npm-registry-fetch').getAuth
const { pickRegistry } = require('npm-registry-fetch')
const npa = require('npm-package-arg')
const ini = require('ini')

let warnings = []
process.on('log', (level, ...args) => {
  if (level === 'warn') warnings.push(args.map(String).join(' '))
})

// JSON with the values JSON has no form for.
const show = (key, value) => value === undefined ? { $: 'undefined' }
  : typeof value === 'number' && !Number.isFinite(value) ? { $: String(value) }
  : value instanceof Date ? { $: 'date' }
  : value

const code = error => error.code ?? error.name

async function answer (test) {
  process.chdir(test.cwd)
  for (const name of Object.keys(process.env)) delete process.env[name]
  for (const [name, value] of test.env) process.env[name] = value
  const result = {}
  try {
    const config = new Config({
      npmPath: test.npm,
      definitions,
      flatten,
      nerfDarts,
      shorthands,
      argv: [test.node, 'npm', ...test.args],
      env: { ...process.env },
      execPath: test.node,
      cwd: test.cwd,
      warn: false,
    })
    await config.load()
    result.positionals = config.parsedArgv.remain
    void config.flat
    const before = new Map(test.env)
    result.exported = {}
    for (const [name, value] of Object.entries(config.env)) {
      if (before.get(name) !== value) result.exported[name] = value
    }
    if (process.env.NODE_ENV !== before.get('NODE_ENV')) {
      result.exported.NODE_ENV = process.env.NODE_ENV
    }
    const scope = config.get('scope')
    if (scope && !/^@/.test(scope)) {
      config.set('scope', `@${scope}`, config.find('scope'))
    }
    config.validate()
    if (config.get('workspaces') === false && config.get('workspace').length) {
      throw new Error('Cannot use --no-workspaces and --workspace at the same time')
    }
    config.logWarnings()
    config.warn = true
    result.localPrefix = config.localPrefix
    result.globalPrefix = String(config.globalPrefix)
    result.values = {}
    for (const key of Object.keys(definitions)) result.values[key] = config.get(key)
    result.isDefaultTag = config.isDefault('tag')
    const opts = { ...config.flat }
    result.userAgent = opts.userAgent
    result.nodeVersion = process.version
    if (test.publishConfig !== undefined) {
      const flags = config.data.get('cli').raw
      const filtered = Object.fromEntries(
        Object.entries(test.publishConfig).filter(([key]) => !(key in flags)))
      for (const key in filtered) config.checkUnknown('publishConfig', key)
      flatten(filtered, opts)
    }
    result.flat = {}
    for (const key of Object.keys(opts)) {
      if (/^\/\//.test(key) || /@.*:registry$/i.test(key) ||
        ['registry', 'scope', 'access', 'defaultTag', 'authType', 'otp', 'ca', 'strictSSL',
          'proxy', 'httpsProxy', 'noProxy', 'ignoreScripts', 'timeout', 'provenance'].includes(key)) {
        result.flat[key] = opts[key]
      }
    }
    // Packing comes first, and pacote wants text (its fetcher.js, removeTrailingSlashes).
    void (opts.registry || '').endsWith('/')
    const spec = npa.resolve(test.name, '1.0.0')
    const registry = pickRegistry(spec, opts)
    result.registry = registry
    const creds = config.getCredentialsByURI(registry)
    result.check = creds.token || creds.username || creds.certfile && creds.keyfile
      ? 'present' : 'missing'
    const uri = `${registry.trim().replace(/\/?$/g, '')}/${spec.escapedName}`
    void new URL(uri)
    result.uri = new URL(uri).href
    const auth = getAuth(uri, { ...opts, spec })
    result.header = auth.token ? `Bearer ${auth.token}` : auth.auth ? `Basic ${auth.auth}` : null
    result.certificate = auth.cert ? [auth.cert, auth.key] : null
  } catch (error) {
    result.error = code(error)
    result.message = error.message
  }
  result.warnings = warnings
  warnings = []
  return result
}

for await (const line of createInterface({ input: process.stdin })) {
  const test = JSON.parse(line)
  let result
  if ('ini' in test) {
    try {
      result = { parsed: ini.parse(test.ini) }
    } catch (error) {
      result = { error: code(error) }
    }
  } else {
    result = await answer(test)
  }
  process.stdout.write(JSON.stringify(result, show) + '\n')
}
