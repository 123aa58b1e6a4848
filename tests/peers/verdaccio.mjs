// A verdaccio of its own for one test run: empty, on a port the system picks, gone when its stdin closes.
//
//   node verdaccio.mjs FOLDER
//
// Once it accepts connections it prints one line of JSON, {"registry", "token"}: the URL, and the token of a user who
// may publish. Everything it stores is in FOLDER, which it removes at its end. It has no uplink: what is not published
// to it is not there.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const folder = process.argv[2]
if (!folder) {
  console.error('usage: node verdaccio.mjs FOLDER')
  process.exit(2)
}

// Whoever holds the other end of stdin is the test run; when it ends, in whichever way, so does this.
process.stdin.on('end', () => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
}).resume()

// Verdaccio is chatty on stdout, where our one line goes.
const line = process.stdout.write.bind(process.stdout)
process.stdout.write = process.stderr.write.bind(process.stderr)

const require = createRequire(new URL('./.installed/clients/package.json', import.meta.url))
const { runServer } = require('verdaccio')
const server = await runServer({
  self_path: folder,
  storage: join(folder, 'storage'),
  auth: { htpasswd: { file: join(folder, 'htpasswd'), max_users: 10, algorithm: 'sha1' } },
  uplinks: {},
  packages: { '**': { access: '$all', publish: '$authenticated', unpublish: '$authenticated' } },
  max_body_size: '1gb',
  web: { enable: false },
  log: { type: 'stdout', format: 'pretty', level: 'warn' },
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const registry = `http://127.0.0.1:${server.address().port}/`

// npm's own way to make a user, so that the token is one verdaccio gave.
const name = 'publisher'
const reply = await fetch(`${registry}-/user/org.couchdb.user:${name}`, {
  method: 'PUT',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ name, password: randomBytes(18).toString('hex') }),
})
const { token } = await reply.json()
if (!token) throw new Error(`verdaccio gave no token: ${reply.status}`)

line(`${JSON.stringify({ registry, token })}\n`)
