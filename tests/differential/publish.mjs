// node publish.mjs NPM_DIRECTORY
//
// Runs npm's own command line in one process, for many publishes: what `npm-cli.js` does, but for leaving the process.
// One request per line on stdin:  {"cwd": "...", "env": [[name, value]], "args": ["publish", ...]}
// One answer per line on stdout:  {"exit": number, "code": string | null, "message": string, "stdout": "...", "stderr": "..."}
//
// Scripts of packages write to this process's own streams, so they must not print.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { Writable } from 'node:stream'

const directory = process.argv[2]
const cli = join(directory, 'bin', 'npm-cli.js')
const require = createRequire(join(directory, 'lib', 'npm.js'))
require('graceful-fs').gracefulify(require('node:fs'))
const Npm = require('./npm.js')

// How long one may take, in milliseconds.
const patience = 20000

// npm-packlist throws inside callbacks: such an error ends npm with status 1 and no word, and here it ends the request.
let fail = null
const caught = error => fail?.(Object.assign(error instanceof Error ? error : new Error(String(error)), { uncaught: true }))
process.on('uncaughtException', caught)
process.on('unhandledRejection', caught)

class Text extends Writable {
  text = ''
  _write (chunk, encoding, done) {
    this.text += chunk
    done()
  }
}

async function run ({ cwd, env, args }) {
  process.chdir(cwd)
  for (const name of Object.keys(process.env)) delete process.env[name]
  for (const [name, value] of env) process.env[name] = value
  process.exitCode = undefined
  process.argv = [process.execPath, cli]
  const [stdout, stderr] = [new Text(), new Text()]
  const npm = new Npm({ stdout, stderr, argv: args })
  let timer
  const failed = new Promise((resolve, reject) => {
    fail = reject
    timer = setTimeout(() => reject(new Error('npm hangs')), patience)
  })
  const answer = { exit: 0, code: null, message: '' }
  try {
    await Promise.race([failed, (async () => {
      const { exec, command, args: operands } = await npm.load()
      if (exec) await npm.exec(command, operands)
    })()])
    answer.exit = process.exitCode ?? 0
  } catch (error) {
    answer.exit = error.exitCode ?? process.exitCode ?? 1
    answer.code = error.code === undefined ? null : String(error.code)
    answer.message = String(error.message)
    answer.uncaught = error.uncaught === true
  } finally {
    clearTimeout(timer)
    fail = null
    npm.unload()
  }
  process.exitCode = undefined
  return { ...answer, stdout: stdout.text, stderr: stderr.text }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await run(JSON.parse(line))) + '\n')
}
