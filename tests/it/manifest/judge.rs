//! npm's own modules for manifests and the texts in them.

use std::path::Path;

use consign::manifest::TarballOrigin;
use consign::manifest::json;
use serde_json::Value;

use crate::support;

pub(super) const NPM_VERSION: &str = "11.19.1";

pub(super) struct Judge(support::Judge);

impl Judge {
    #[track_caller]
    pub(super) fn start() -> Option<Self> {
        // npm reads sibling directories at the same time and takes their entries as they come; with one thread they
        // come in the order in which they do nearly always.
        support::Judge::start_with("manifest.mjs", |node| {
            node.env("UV_THREADPOOL_SIZE", "1");
        })
        .map(Self)
    }

    pub(super) fn ask(&mut self, directory: &Path, origin: &TarballOrigin) -> Value {
        let question = serde_json::json!({
            "directory": directory.to_str().unwrap(),
            "npmVersion": NPM_VERSION,
            "origin": {"integrity": origin.integrity, "resolved": origin.resolved, "from": origin.from},
        });
        self.answer(&question)
    }

    /// What npm's parsers say to each text.
    pub(super) fn ask_texts(&mut self, texts: &[String]) -> Vec<Value> {
        let answer = self.answer(&serde_json::json!({ "texts": texts }));
        answer.as_array().unwrap().clone()
    }

    /// Read by our parser, which keeps lone surrogates.
    fn answer(&mut self, question: &Value) -> Value {
        self.0.send(question);
        json::parse(self.0.line().as_bytes()).unwrap()
    }
}
