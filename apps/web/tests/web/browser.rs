//! A browser without scripts: keeps cookies, says where its requests come from, follows nothing by itself.

use std::{collections::BTreeMap, sync::Mutex};

use reqwest::{Client, Method, header::HeaderMap, redirect::Policy};

pub struct Browser {
    client: Client,
    origin: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// An answer with its whole body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are text"))
    }

    pub fn location(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text);
        self.header("location")
    }

    /// The page, which must be there.
    #[track_caller]
    pub fn page(self) -> String {
        assert_eq!(self.status, 200, "{}", self.text);
        assert!(self.header("content-type").starts_with("text/html"), "{:?}", self.headers);
        self.text
    }
}

impl Browser {
    pub fn new(origin: String) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client is made");
        Self { client, origin, cookies: Mutex::default() }
    }

    pub fn keep(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    /// Sends a form, as from a page of the same origin.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        self.send(Method::POST, path, &headers, Some(body.into_bytes())).await
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Answer {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.expect("the application answers");
        for line in response.headers().get_all("set-cookie") {
            let (name, rest) = line.to_str().expect("a cookie is text").split_once('=').expect("a cookie has a value");
            let value = rest.split(';').next().unwrap_or_default();
            let mut cookies = self.cookies.lock().unwrap();
            if value.is_empty() {
                cookies.remove(name)
            } else {
                cookies.insert(name.to_owned(), value.to_owned())
            };
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("the body comes") }
    }

    /// A request with the cookies, for tests that read the response bit by bit.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let cookies = self.cookies.lock().unwrap();
        let line: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.client.request(method, format!("{}{path}", self.origin));
        if line.is_empty() { request } else { request.header("cookie", line.join("; ")) }
    }
}
