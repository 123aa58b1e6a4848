//! A real package, from its directory to a registry and back into Node.
//!
//! Its authors' tarball is unpacked, the directory is published with consign, the real npm installs it and everything
//! it needs from that registry alone, and Node loads it and gets an answer out of it.

use crate::support::{Home, Peers, RealPackage, Registry, Target, files_below, files_in, run};

/// What Node is asked once the package is installed: the body of an ES module that prints `expected`.
struct Use {
    script: &'static str,
    expected: &'static str,
}

fn round_trip(name: &str, target: Target, usage: &Use) {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let home = Home::new();
    let package = RealPackage::unpack(name, &peers, &home);
    let registry = Registry::shared(target, &peers);

    let published = run(registry
        .publish(&home, &package.folder)
        .args(package.flags()))
    .success();
    let last_line = published.stdout.lines().last();
    assert_eq!(last_line, Some(format!("+ {}", package.id).as_str()));

    let project = home.folder("project");
    home.file("project/package.json", "{}");
    run(&mut registry.install(&peers, &home, &project, &package.id)).success();

    // What arrived is what npm itself would have shipped of that directory, to the byte.
    let arrived = files_below(&project.join("node_modules").join(name));
    let mut shipped = files_in(&package.packed_by_npm(&peers, &home));
    shipped.retain(|path, _| !path.starts_with("node_modules"));
    let names =
        |files: &std::collections::BTreeMap<_, _>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&arrived), names(&shipped));
    for (path, contents) in &arrived {
        assert!(
            Some(contents) == shipped.get(path),
            "{} has other contents",
            path.display()
        );
    }

    let said = run(home
        .command("node")
        .args(["--input-type=module", "--eval", usage.script])
        .current_dir(&project))
    .success();
    assert_eq!(said.stdout.trim_end(), usage.expected);
}

/// One module a package, with one test a registry.
macro_rules! round_trips {
    ($($module:ident $name:literal $script:literal => $expected:literal;)+) => {$(
        mod $module {
            use super::{Target, Use, round_trip};

            const USE: Use = Use { script: $script, expected: $expected };

            #[test]
            fn through_verdaccio() {
                round_trip($name, Target::Verdaccio, &USE);
            }

            #[test]
            fn through_the_sandbox() {
                round_trip($name, Target::Sandbox, &USE);
            }
        }
    )+};
}

round_trips! {
    // A scope, and 36 dependencies below it.
    babel_core "@babel/core" r#"
        import { transformSync } from "@babel/core"
        const rename = () => ({ visitor: { Identifier(path) { path.node.name = "renamed" } } })
        console.log(transformSync("let a = 1", { plugins: [rename], configFile: false }).code)
    "# => "let renamed = 1;";

    // Declarations only: no main, nothing to run; every file that its index refers to is there.
    types_node "@types/node" r#"
        import { createRequire } from "node:module"
        import { existsSync, readFileSync } from "node:fs"
        const index = createRequire(import.meta.url).resolve("@types/node/index.d.ts")
        const paths = [...readFileSync(index, "utf8").matchAll(/<reference path="(.+)" \/>/g)].map((found) => found[1])
        const missing = paths.filter((path) => !existsSync(new URL(path, `file://${index}`)))
        console.log(paths.length > 50, missing.length)
    "# => "true 0";

    // 3,700 small files.
    core_js "core-js" r#"
        import "core-js/actual/index.js"
        import groupBy from "core-js/es/object/group-by.js"
        console.log(JSON.stringify(groupBy([1, 2, 3], (n) => (n % 2 ? "odd" : "even"))))
    "# => r#"{"odd":[1,3],"even":[2]}"#;

    // A program in Go behind a JavaScript face; the binary comes from a platform package.
    esbuild "esbuild" r#"
        import { transformSync } from "esbuild"
        console.log(transformSync("let a: number = 1", { loader: "ts" }).code.trim())
    "# => "let a = 1;";

    // 65 dependencies, some in several versions.
    express "express" r#"
        import express from "express"
        const server = express().get("/:name", (request, reply) => reply.send(`hello ${request.params.name}`))
            .listen(0, "127.0.0.1", async () => {
                const reply = await fetch(`http://127.0.0.1:${server.address().port}/world`)
                console.log(reply.status, await reply.text())
                server.close()
                server.closeAllConnections()
            })
    "# => "200 hello world";

    // A thousand files side by side, no `files` list.
    lodash "lodash" r#"
        import lodash from "lodash"
        import fp from "lodash/fp.js"
        console.log(JSON.stringify([lodash.chunk([1, 2, 3], 2), fp.map((n) => n * 2)([1, 2])]))
    "# => "[[[1,2],[3]],[2,4]]";

    // npm itself: 2,000 files, most of them bundled dependencies; bin links.
    npm "npm" r#"
        import { execFileSync } from "node:child_process"
        import { createRequire } from "node:module"
        const { version } = createRequire(import.meta.url)("npm/package.json")
        const said = execFileSync("node_modules/.bin/npm", ["--version"], { encoding: "utf8" }).trim()
        console.log(said === version, version.split(".")[0])
    "# => "true 11";

    // Conditional exports.
    react "react" r#"
        import { createElement, version } from "react"
        import { jsx } from "react/jsx-runtime"
        console.log(version.split(".")[0], createElement("p").type, jsx("b", {}).type)
    "# => "19 p b";

    // A command, with its bin link and mode.
    semver "semver" r#"
        import { execFileSync } from "node:child_process"
        import { satisfies } from "semver"
        const said = execFileSync("node_modules/.bin/semver", ["-i", "minor", "1.2.3"], { encoding: "utf8" })
        console.log(satisfies("1.2.3", "^1"), said.trim())
    "# => "true 1.3.0";

    // One file of 9 MB among 130.
    typescript "typescript" r#"
        import { execFileSync } from "node:child_process"
        import typescript from "typescript"
        const said = execFileSync("node_modules/.bin/tsc", ["--version"], { encoding: "utf8" })
        console.log(typescript.transpile("let a: number = 1").trim(), said.trim() === `Version ${typescript.version}`)
    "# => "var a = 1; true";
}
