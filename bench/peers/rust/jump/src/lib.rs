//! The jump filter of src/filter: makes the same request to another cluster, logs what came back, and lets the request go on.

mod config;

use config::Config;
use log::{error, info, warn};
use proxy_wasm::traits::*;
use proxy_wasm::types::*;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(JumpRoot::default()) });
}}

#[derive(Default)]
struct JumpRoot {
    config: Rc<Config>,
}

impl Context for JumpRoot {}

impl RootContext for JumpRoot {
    fn on_configure(&mut self, _: usize) -> bool {
        match Config::read(self.get_plugin_configuration().as_deref()) {
            Ok(config) => {
                self.config = Rc::new(config);
                true
            }
            Err(reason) => {
                error!("the plugin configuration is refused: {reason}");
                false
            }
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Jump {
            config: self.config.clone(),
            method: String::new(),
            path: String::new(),
            started: SystemTime::UNIX_EPOCH,
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Jump {
    config: Rc<Config>,
    method: String,
    path: String,
    started: SystemTime,
}

impl HttpContext for Jump {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let path = self.get_http_request_header(":path").unwrap_or_default();
        if !path.starts_with(&self.config.prefix) {
            return Action::Continue;
        }
        let received = self.get_http_request_headers();
        let of_request = || {
            received
                .iter()
                .find(|(name, _)| name == ":method")
                .map(|(_, value)| value.clone())
        };
        self.method = self
            .config
            .method
            .clone()
            .or_else(of_request)
            .unwrap_or_default();
        self.path = self.config.path.clone().unwrap_or(path);
        let mut headers = vec![
            (":method", self.method.as_str()),
            (":path", self.path.as_str()),
            (":authority", self.config.authority()),
        ];
        for (name, value) in &received {
            if self.config.forwards(name) {
                headers.push((name, value));
            }
        }
        self.started = self.get_current_time();
        let timeout = Duration::from_millis(self.config.timeout_ms.into());
        match self.dispatch_http_call(&self.config.cluster, headers, None, vec![], timeout) {
            Ok(_) => Action::Pause,
            Err(status) => {
                let Config { cluster, .. } = &*self.config;
                error!(
                    "called {cluster}: {} {} -> failed: {status:?}",
                    self.method, self.path
                );
                Action::Continue
            }
        }
    }
}

impl Context for Jump {
    fn on_http_call_response(&mut self, _: u32, _: usize, _: usize, _: usize) {
        let Self {
            config,
            method,
            path,
            started,
        } = &*self;
        let cluster = &config.cluster;
        let status = self.get_http_call_response_header(":status");
        let ms = self
            .get_current_time()
            .duration_since(*started)
            .unwrap_or_default()
            .as_millis();
        match status.as_deref() {
            None => warn!("called {cluster}: {method} {path} -> failed: no answer in {ms} ms"),
            Some(code) if code.starts_with('2') => {
                info!("called {cluster}: {method} {path} -> {code} in {ms} ms")
            }
            Some(code) => warn!("called {cluster}: {method} {path} -> {code} (not 2xx) in {ms} ms"),
        }
        self.resume_http_request();
    }
}
