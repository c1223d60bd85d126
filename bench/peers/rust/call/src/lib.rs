//! Asks back-python before each request goes on.

use log::{error, info};
use proxy_wasm::traits::*;
use proxy_wasm::types::*;
use std::time::Duration;

const CLUSTER: &str = "back-python";

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| -> Box<dyn HttpContext> { Box::new(Call) });
}}

struct Call;

impl HttpContext for Call {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let path = self.get_http_request_header(":path").unwrap_or_default();
        let headers = vec![
            (":method", "GET"),
            (":path", path.as_str()),
            (":authority", CLUSTER),
        ];
        match self.dispatch_http_call(CLUSTER, headers, None, vec![], Duration::from_secs(5)) {
            Ok(_) => Action::Pause,
            Err(status) => {
                error!("cannot call {CLUSTER}: {status:?}");
                Action::Continue
            }
        }
    }
}

impl Context for Call {
    fn on_http_call_response(&mut self, _: u32, _: usize, _: usize, _: usize) {
        let status = self.get_http_call_response_header(":status");
        info!(
            "{CLUSTER} answered {}",
            status.as_deref().unwrap_or("nothing")
        );
        self.resume_http_request();
    }
}
