//! The pages at several sizes, in both colour schemes, and by keyboard. The pictures are in `target/tmp/quickstart`.

use std::path::{Path, PathBuf};

use super::*;

/// What is wider than the window, what has no name for those who cannot see it, and texts that are too pale
/// (WCAG 2.2, 1.4.3 and 1.4.10).
const FAULTS: &str = "() => {
    const faults = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) faults.push(`${root.scrollWidth} wide in ${root.clientWidth}`);
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const paint = (colours) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        const linear = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((byte) => {
            const part = byte / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    for (const element of document.body.querySelectorAll('*')) {
        if (!element.checkVisibility()) continue;
        if (['INPUT', 'BUTTON'].includes(element.tagName)) {
            const name = element.labels?.[0]?.textContent || element.getAttribute('aria-label') || element.textContent;
            if (!name.trim()) faults.push(`${element.outerHTML} has no name`);
            if (element.getBoundingClientRect().height < 24) faults.push(`${element.outerHTML} is too small`);
        }
        if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
        const grounds = [];
        for (let it = element; it; it = it.parentElement) grounds.unshift(getComputedStyle(it).backgroundColor);
        const [a, b] = [paint(grounds), paint([...grounds, getComputedStyle(element).color])];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) faults.push(`${element.outerHTML}: contrast ${contrast.toFixed(2)}`);
    }
    return faults;
}";

fn look(tab: &Tab<'_>, folder: &Path, name: &str) {
    tab.screenshot(&folder.join(format!("{name}.png")));
    assert_eq!(tab.run(FAULTS, &Value::Null), json!([]), "{name}");
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn every_page_can_be_read_at_any_size_in_any_light() {
    let (quickstart, chromium) = (Quickstart::start(), Chromium::start());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("quickstart");
    std::fs::create_dir_all(&folder).unwrap();
    let elsewhere = chromium.context_with(&json!({ "userAgent": "curl/8.14.1" }), "");
    quickstart.log_in(&elsewhere.tab_at(&quickstart.url));
    for (size, width, height) in [("desktop", 1280, 800), ("phone", 360, 740), ("narrow", 240, 400)] {
        for light in ["light", "dark"] {
            let options = json!({ "viewport": { "width": width, "height": height }, "colorScheme": light });
            let context = chromium.context_with(&options, "");
            let tab = context.tab_at(&quickstart.url);
            tab.until("!document.getElementById('login').hidden");
            look(&tab, &folder, &format!("login-{size}-{light}"));
            quickstart.log_in_with(&tab, "wrong");
            tab.until_text("wrong.");
            look(&tab, &folder, &format!("wrong-{size}-{light}"));
            quickstart.log_in(&tab);
            look(&tab, &folder, &format!("account-{size}-{light}"));
            assert_eq!(context.complaints(), Default::default());
        }
    }
}

#[test]
#[ignore = "it needs the programs of others that scripts/interop installs, and is run there"]
fn a_keyboard_is_enough() {
    let (quickstart, chromium) = (Quickstart::start(), Chromium::start());
    let (context, elsewhere) = (chromium.context(), chromium.context());
    quickstart.log_in(&elsewhere.tab_at(&quickstart.url));
    let tab = context.tab_at(&quickstart.url);
    tab.until("document.activeElement.id === 'username'");
    let outline = "() => getComputedStyle(document.activeElement).outlineStyle";
    for (key, id) in [("Tab", "password"), ("Shift+Tab", "username")] {
        tab.press(key);
        assert_eq!(tab.run("() => document.activeElement.id", &Value::Null), id);
        assert_eq!(tab.run(outline, &Value::Null), "solid", "where the focus is can be seen");
    }
    tab.run("() => { document.activeElement.value = 'alice'; }", &Value::Null);
    tab.press("Tab");
    tab.run("(text) => { document.activeElement.value = text; }", &json!(quickstart.password));
    tab.press("Enter");
    tab.until_text("Hello, alice");
    // A reader of the screen is told who is here, and the list of devices comes next.
    tab.until("document.activeElement.id === 'who'");
    tab.press("Tab");
    let name = tab.run("() => document.activeElement.getAttribute('aria-label')", &Value::Null);
    assert!(name.as_str().unwrap().starts_with("End Chrome on Linux"), "{name}");
    tab.press("Enter");
    tab.until("document.querySelectorAll('#devices li').length === 1");
    tab.until("document.activeElement.id === 'who'");
    tab.press("Tab");
    assert_eq!(tab.run("() => document.activeElement.id", &Value::Null), "logout");
    tab.press("Enter");
    tab.until("document.activeElement.id === 'username'");
}
