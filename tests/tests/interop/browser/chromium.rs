//! The browser, its tabs, and what they are asked.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;
use crate::interop::foreign::npm_pin;
use crate::interop::process::Process;

const FIX: &str = "run `scripts/install interop-node interop-debian`";

/// Those that a test has done with, all contexts closed, for the next one: a start takes seconds, and contexts know
/// nothing of each other. They end with our process, which is where their input comes from.
static IDLE: Mutex<Vec<Process>> = Mutex::new(Vec::new());

/// A list is whole also where somebody who held it failed.
fn idle() -> MutexGuard<'static, Vec<Process>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running Chromium, which no other test uses meanwhile.
pub(super) struct Chromium {
    /// Until it is dropped.
    process: RefCell<Option<Process>>,
    /// How many contexts and tabs there were, for their names.
    count: RefCell<usize>,
}

/// A browser by itself, with cookies of its own.
pub(super) struct Context<'c> {
    chromium: &'c Chromium,
    name: String,
}

pub(super) struct Tab<'c> {
    chromium: &'c Chromium,
    name: String,
}

impl Chromium {
    pub(super) fn start() -> Self {
        let idle = idle().pop();
        let process = idle.unwrap_or_else(|| {
            let started = Process::start("browser.mjs", &[], true);
            let (process, about) = started.unwrap_or_else(|problem| panic!("{problem}; {FIX}"));
            let version = about["version"].as_str().map(str::to_owned);
            assert_eq!(version, npm_pin("playwright-core"), "{about}; {FIX}");
            println!("Chromium {}", about["browser"]);
            process
        });
        Self { process: RefCell::new(Some(process)), count: RefCell::new(0) }
    }

    fn ask(&self, request: Value) -> Value {
        let mut process = self.process.borrow_mut();
        let Some(process) = process.as_mut() else { panic!("{request}: the browser is given back") };
        process.ask(&request).unwrap_or_else(|problem| panic!("{request}: {problem}"))
    }

    fn name(&self) -> String {
        let mut count = self.count.borrow_mut();
        *count += 1;
        count.to_string()
    }

    pub(super) fn context(&self) -> Context<'_> {
        self.context_with(&json!({}), "")
    }

    /// A context with these options of Playwright, in which a script runs before those of any page.
    pub(super) fn context_with(&self, options: &Value, script: &str) -> Context<'_> {
        self.make(json!({ "op": "context", "options": options, "script": script }))
    }

    /// A context in which third parties may have cookies: in private, and as Debian has it, Chromium keeps none of them.
    pub(super) fn context_with_third_parties(&self) -> Context<'_> {
        self.make(json!({ "op": "context", "third_parties": true }))
    }

    fn make(&self, mut request: Value) -> Context<'_> {
        let name = self.name();
        request["context"] = json!(name);
        self.ask(request);
        Context { chromium: self, name }
    }

    /// Runs an asynchronous function in all tabs at once.
    pub(super) fn at_once(&self, tabs: &[&Tab<'_>], script: &str) -> Vec<Value> {
        let pages: Vec<&str> = tabs.iter().map(|tab| &*tab.name).collect();
        let answer = self.ask(json!({ "op": "run", "pages": pages, "script": script }));
        answer["results"].as_array().unwrap().clone()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // One that failed, or whose test did, is nobody else's: it ends here.
        if let Some(mut process) = self.process.take()
            && !std::thread::panicking()
            && process.ask(&json!({ "op": "close" })).is_ok()
        {
            idle().push(process);
        }
    }
}

impl<'c> Context<'c> {
    pub(super) fn tab(&self) -> Tab<'c> {
        let name = self.chromium.name();
        self.chromium.ask(json!({ "op": "page", "page": name, "context": self.name }));
        Tab { chromium: self.chromium, name }
    }

    /// A tab at an address.
    pub(super) fn tab_at(&self, url: &str) -> Tab<'c> {
        let tab = self.tab();
        assert_eq!(tab.go(url), 200, "{url}");
        tab
    }

    /// The cookie of this name, as the browser shows it.
    pub(super) fn cookie(&self, name: &str) -> Option<Value> {
        self.cookies().into_iter().find(|cookie| cookie["name"] == name)
    }

    pub(super) fn cookies(&self) -> Vec<Value> {
        let answer = self.chromium.ask(json!({ "op": "cookies", "context": self.name }));
        answer["cookies"].as_array().unwrap().clone()
    }

    /// As if its time were over.
    pub(super) fn forget(&self, name: &str) {
        self.chromium.ask(json!({ "op": "forget", "context": self.name, "name": name }));
        assert!(self.cookie(name).is_none());
    }

    /// What was answered since the last time, `POST /path 200` each.
    pub(super) fn answers(&self) -> Vec<String> {
        let answer = self.chromium.ask(json!({ "op": "answers", "context": self.name }));
        answer["answers"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    }

    /// What broke a policy of contents, and errors of scripts.
    pub(super) fn complaints(&self) -> BTreeSet<String> {
        let answer = self.chromium.ask(json!({ "op": "complaints", "context": self.name }));
        answer["complaints"].as_array().unwrap().iter().map(Value::to_string).collect()
    }
}

impl Tab<'_> {
    /// The status of the page.
    pub(super) fn go(&self, url: &str) -> u64 {
        let answer = self.chromium.ask(json!({ "op": "go", "page": self.name, "url": url }));
        answer["status"].as_u64().unwrap()
    }

    pub(super) fn reload(&self) {
        self.chromium.ask(json!({ "op": "go", "page": self.name }));
    }

    pub(super) fn fill(&self, selector: &str, value: &str) {
        self.chromium.ask(json!({ "op": "fill", "page": self.name, "selector": selector, "value": value }));
    }

    /// Clicks what comes to be there.
    pub(super) fn click(&self, selector: &str) {
        self.chromium.ask(json!({ "op": "click", "page": self.name, "selector": selector }));
    }

    pub(super) fn press(&self, key: &str) {
        self.chromium.ask(json!({ "op": "press", "page": self.name, "key": key }));
    }

    /// Waits until an expression is true.
    pub(super) fn until(&self, script: &str) {
        self.chromium.ask(json!({ "op": "until", "page": self.name, "script": script }));
    }

    /// Waits until a text can be seen.
    pub(super) fn until_text(&self, text: &str) {
        self.until(&format!("document.body?.innerText.includes({})", json!(text)));
    }

    /// What a function makes of the argument.
    pub(super) fn run(&self, script: &str, argument: &Value) -> Value {
        let request = json!({ "op": "run", "pages": [self.name], "script": script, "argument": argument });
        self.chromium.ask(request)["results"][0].clone()
    }

    pub(super) fn screenshot(&self, path: &std::path::Path) {
        self.chromium.ask(json!({ "op": "screenshot", "page": self.name, "path": path }));
    }
}
