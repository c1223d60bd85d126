//! Puts the outside's address in the place of the inside's, wherever a page names it.

use log::error;
use proxy_wasm::traits::*;
use proxy_wasm::types::*;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| -> Box<dyn HttpContext> { Box::new(Rewrite { size: 0 }) });
}}

struct Rewrite {
    size: usize,
}

impl Context for Rewrite {}

impl HttpContext for Rewrite {
    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.remove_http_response_header("content-length");
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.size += size;
        if !end_of_stream {
            return Action::Pause;
        }
        let body = self
            .get_http_response_body(0, self.size)
            .unwrap_or_default();
        match std::str::from_utf8(&body) {
            Ok(page) => {
                let page = page.replace("http://internal.example", "https://www.example.com");
                self.set_http_response_body(0, self.size, page.as_bytes());
            }
            Err(reason) => error!("the page is no UTF-8: {reason}"),
        }
        Action::Continue
    }
}
