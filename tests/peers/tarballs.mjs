// Which tarballs `packages/package-lock.json` stands for on this machine, and whether a folder holds them all.
//
//   node tarballs.mjs list             prints name@version, one a line
//   node tarballs.mjs verify FOLDER    compares every tarball with the lock's integrity; writes FOLDER/index.json
//
// The lock is npm's own: it pins the real packages and everything they need. Bundled copies are inside their bundler's
// tarball already, and an optional package for another platform is one that npm would not ask for here.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const read = (path) => JSON.parse(readFileSync(join(here, path), 'utf8'))

const allows = (list, value) => {
  if (list === undefined) return true
  const wanted = [list].flat()
  if (wanted.includes(`!${value}`)) return false
  const positive = wanted.filter((entry) => !entry.startsWith('!'))
  return positive.length === 0 || positive.includes(value)
}
// Same name as `npm pack` gives the file.
const fileName = ({ name, version }) => `${name.replace('@', '').replace('/', '-')}-${version}.tgz`

const lock = read('packages/package-lock.json')
const roots = new Set(Object.keys(read('packages/package.json').dependencies))
const seen = new Set()
const packages = []
for (const [path, entry] of Object.entries(lock.packages)) {
  if (path === '' || entry.inBundle) continue
  if (!allows(entry.os, process.platform) || !allows(entry.cpu, process.arch)) continue
  const name = entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  const { version, integrity } = entry
  if (seen.has(`${name}@${version}`)) continue
  seen.add(`${name}@${version}`)
  const root = roots.has(name) && !path.includes('/node_modules/')
  packages.push({ name, version, integrity, root, file: fileName({ name, version }) })
}

const [command, folder] = process.argv.slice(2)
if (command === 'list') {
  for (const { name, version } of packages) console.log(`${name}@${version}`)
} else if (command === 'verify' && folder) {
  const wrong = packages.filter(({ file, integrity }) => {
    const path = join(folder, file)
    if (!existsSync(path)) return true
    return `sha512-${createHash('sha512').update(readFileSync(path)).digest('base64')}` !== integrity
  })
  for (const { file } of wrong) console.error(`missing or altered: ${file}`)
  if (wrong.length > 0) process.exit(1)
  const index = packages.map(({ name, version, file, root }) => ({ name, version, file, root }))
  writeFileSync(join(folder, 'index.json'), `${JSON.stringify(index, null, 2)}\n`)
} else {
  console.error('usage: node tarballs.mjs list | verify FOLDER')
  process.exit(2)
}
