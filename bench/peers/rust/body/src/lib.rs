//! Reads the request's body whole, and tells the client its length.

use proxy_wasm::traits::*;
use proxy_wasm::types::*;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| -> Box<dyn HttpContext> { Box::new(Body::default()) });
}}

#[derive(Default)]
struct Body {
    size: usize,
    length: usize,
}

impl Context for Body {}

impl HttpContext for Body {
    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.size += size;
        if !end_of_stream {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, self.size);
        self.length = body.unwrap_or_default().len();
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.set_http_response_header("x-body-length", Some(&self.length.to_string()));
        Action::Continue
    }
}
