//! Mistakes that a filter's author makes, and what a client makes of them.

use regex::Regex;
use std::cell::RefCell;
use std::hint::black_box;
use std::sync::LazyLock;

static PATTERN: LazyLock<Regex> = LazyLock::new(|| Regex::new("^(a+)+$").unwrap());

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

const MIB: usize = 1 << 20;

/// Returns what came of it, if it returns.
pub fn attack(name: &str, input: &str) -> String {
    match name {
        "panic" => panic!("on purpose"),
        "caught" => match std::panic::catch_unwind(|| panic!("on purpose")) {
            Ok(()) => "nothing".to_string(),
            Err(_) => "caught".to_string(),
        },
        "bounds" => {
            let parts: Vec<&str> = input.split(',').collect();
            parts[input.len()].to_string()
        }
        "null" => input.strip_prefix("Bearer ").unwrap().to_string(),
        "divide" => (100 / input.parse::<u32>().unwrap_or_default()).to_string(),
        "loop" => loop {
            black_box(input);
        },
        "recursion" => depth(1).to_string(),
        "memory" => loop {
            keep();
        },
        "keep" => {
            keep();
            "kept".to_string()
        }
        "regex" => format!("matches: {}", PATTERN.is_match(input)),
        _ => "unknown".to_string(),
    }
}

fn keep() {
    KEPT.with_borrow_mut(|kept| kept.push(vec![1; MIB]));
}

#[allow(unconditional_recursion)]
fn depth(at: u64) -> u64 {
    black_box(depth(black_box(at) + 1)) + 1
}
