//! Parses the request's body, changes one field, and writes it back.

use log::error;
use proxy_wasm::traits::*;
use proxy_wasm::types::*;
use serde_json::Value;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| -> Box<dyn HttpContext> { Box::new(Json { size: 0 }) });
}}

struct Json {
    size: usize,
}

impl Context for Json {}

impl HttpContext for Json {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.remove_http_request_header("content-length");
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.size += size;
        if !end_of_stream {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, self.size).unwrap_or_default();
        match changed(&body) {
            Ok(text) => self.set_http_request_body(0, self.size, &text),
            Err(reason) => error!("cannot change the body: {reason}"),
        }
        Action::Continue
    }
}

fn changed(body: &[u8]) -> serde_json::Result<Vec<u8>> {
    let mut order: Value = serde_json::from_slice(body)?;
    order["status"] = "checked".into();
    serde_json::to_vec(&order)
}
