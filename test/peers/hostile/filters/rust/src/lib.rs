//! Does what a request's header asks for: `x-attack: PLACE/NAME`, with `x-input` as what came from outside.

mod attacks;

use attacks::attack;
use log::{error, info};
use proxy_wasm::traits::*;
use proxy_wasm::types::*;
use std::cell::{Cell, RefCell};
use std::time::Duration;

const CLUSTER: &str = "other";

thread_local! {
    /// Streams of this VM.
    static SERVED: Cell<u64> = const { Cell::new(0) };
    /// What the next tick does.
    static ARMED: RefCell<Option<String>> = const { RefCell::new(None) };
}

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Plugin) });
}}

struct Plugin;

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_configure(&mut self, _: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        let name = String::from_utf8_lossy(&configuration).into_owned();
        if !name.is_empty() {
            run("configure", &name, "");
        }
        self.set_tick_period(Duration::from_millis(100));
        true
    }

    fn on_tick(&mut self) {
        if let Some(name) = ARMED.take() {
            run("timer", &name, "");
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::default()))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

#[derive(Default)]
struct Stream {
    place: String,
    name: String,
    input: String,
    size: usize,
}

/// Says so before and after: a test that sees neither has proved nothing.
fn run(place: &str, name: &str, input: &str) {
    info!("runs {place}/{name}");
    let outcome = attack(name, input);
    info!("ended {place}/{name}: {outcome}");
}

impl Stream {
    fn run_at(&self, place: &str) {
        if self.place == place {
            run(place, &self.name, &self.input);
        }
    }

    fn call(&self, cluster: &str, path: &str) -> Result<u32, Status> {
        let headers = vec![(":method", "GET"), (":path", path), (":authority", "other")];
        self.dispatch_http_call(cluster, headers, None, vec![], Duration::from_secs(5))
    }

    /// What needs the stream's own methods.
    fn request_attack(&self) -> Option<String> {
        Some(match self.name.as_str() {
            "utf8" => {
                let value = self.get_http_request_header("x-bytes");
                format!("{} characters", value.unwrap_or_default().chars().count())
            }
            "utf8-bytes" => {
                let value = self.get_http_request_header_bytes("x-bytes");
                format!("{} bytes", value.unwrap_or_default().len())
            }
            "headers" => {
                let headers = self.get_http_request_headers();
                let size: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
                format!("{} headers, {size} bytes", headers.len())
            }
            "unknown-cluster" => format!("{:?}", self.call("nowhere", "/")),
            "close-twice" => {
                self.reset_http_request();
                self.reset_http_request();
                "closed".to_string()
            }
            _ => return None,
        })
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        SERVED.set(SERVED.get() + 1);
        let asked = self.get_http_request_header("x-attack").unwrap_or_default();
        let (place, name) = asked.split_once('/').unwrap_or_default();
        (self.place, self.name) = (place.to_string(), name.to_string());
        self.input = self.get_http_request_header("x-input").unwrap_or_default();
        match place {
            "request" => {
                info!("runs {asked}");
                let outcome = self.request_attack().unwrap_or_else(|| attack(name, &self.input));
                info!("ended {asked}: {outcome}");
            }
            "timer" => ARMED.set(Some(name.to_string())),
            "call" => {
                let path = if name == "panic" { "/" } else { "/slow" };
                match self.call(CLUSTER, path) {
                    Ok(_) if name == "late" || name == "ended" => {}
                    Ok(_) => return Action::Pause,
                    Err(status) => error!("cannot call: {status:?}"),
                }
            }
            _ => {}
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if self.place != "body" {
            return Action::Continue;
        }
        self.size += size;
        if !end_of_stream {
            return Action::Pause;
        }
        info!("runs body/{}", self.name);
        let body = self.get_http_request_body(0, self.size).unwrap_or_default();
        let outcome = match self.name.as_str() {
            "json" => match serde_json::from_slice::<serde_json::Value>(&body) {
                Ok(value) => format!("an array: {}", value.is_array()),
                Err(reason) => format!("refused: {reason}"),
            },
            _ => format!("{} bytes", body.len()),
        };
        info!("ended body/{}: {outcome}", self.name);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        if self.place == "response" && self.name == "late" {
            info!("runs response/late");
            self.set_http_request_header("x-late", Some("yes"));
            info!("ended response/late: no error");
        } else {
            self.run_at("response");
        }
        self.set_http_response_header("x-served", Some(&SERVED.get().to_string()));
        Action::Continue
    }

    fn on_log(&mut self) {
        self.run_at("log");
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _: u32, _: usize, _: usize, _: usize) {
        if self.name == "panic" {
            self.run_at("call");
        } else {
            info!("runs call/{}", self.name);
            self.set_http_request_header("x-called", Some("yes"));
            info!("ended call/{}: no error", self.name);
        }
        self.resume_http_request();
    }
}
