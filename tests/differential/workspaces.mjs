// node workspaces.mjs NPM_DIRECTORY
//
// Reads one case per line: {root, cwd, args: {workspace, includeWorkspaceRoot}}; answers with the
// members npm maps and selects, one line each.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { join, relative } from 'node:path'

const npm = process.argv[2]
const require = createRequire(join(npm, 'lib', 'npm.js'))
const mapWorkspaces = require('@npmcli/map-workspaces')
const pkgJson = require('@npmcli/package-json')
const getWorkspaces = require('./utils/get-workspaces.js')

async function answer (test) {
  process.chdir(test.cwd)
  const result = {}
  try {
    const { content: pkg } = await pkgJson.normalize(test.root)
    result.map = [...await mapWorkspaces({ cwd: test.root, pkg })]
  } catch (error) {
    result.error = error.code ?? error.name
    result.message = error.message
  }
  try {
    const outside = relative(test.root, test.cwd).startsWith('..')
    const selected = await getWorkspaces(test.filters, {
      path: test.root,
      includeWorkspaceRoot: test.includeRoot,
      relativeFrom: outside ? test.root : test.cwd,
    })
    result.selected = [...selected]
  } catch (error) {
    result.selectError = error.code ?? error.name
    result.selectMessage = error.message
  }
  return result
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n')
}
