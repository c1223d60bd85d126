use serde::Deserialize;

/// The part of the jump filter's configuration that the benchmark needs. See src/filter/config.ts.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Config {
    pub cluster: String,
    authority: Option<String>,
    pub path: Option<String>,
    pub method: Option<String>,
    pub timeout_ms: u32,
    #[serde(rename = "match")]
    pub prefix: String,
    forward_headers: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        let tracing = ["x-request-id", "x-b3-*", "traceparent", "tracestate"];
        Self {
            cluster: "back-python".to_owned(),
            authority: None,
            path: None,
            method: None,
            timeout_ms: 5000,
            prefix: String::new(),
            forward_headers: tracing.map(str::to_owned).to_vec(),
        }
    }
}

impl Config {
    pub fn read(json: Option<&[u8]>) -> serde_json::Result<Self> {
        let mut config: Self = json.map_or_else(|| Ok(Self::default()), serde_json::from_slice)?;
        for name in &mut config.forward_headers {
            name.make_ascii_lowercase();
        }
        Ok(config)
    }

    pub fn authority(&self) -> &str {
        match &self.authority {
            Some(authority) => authority,
            None => self.cluster.rsplit('|').next().unwrap_or(&self.cluster),
        }
    }

    /// Whether the call carries a header of the request. Pseudo headers are never forwarded.
    pub fn forwards(&self, name: &str) -> bool {
        !name.starts_with(':')
            && self
                .forward_headers
                .iter()
                .any(|wanted| match wanted.strip_suffix('*') {
                    Some(prefix) => name.starts_with(prefix),
                    None => name == wanted,
                })
    }
}
