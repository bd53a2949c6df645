//! What a browser does, without one: forms, a cookie, redirects, a stream of events.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, header, redirect};
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use url::form_urlencoded;

use super::program::PATIENCE;

/// Somebody with a cookie.
pub struct Browser {
    client: Client,
    cookie: String,
}

/// A stream of events that is being listened to.
pub struct Events {
    response: Response,
    heard: String,
}

impl Browser {
    /// Signs up and keeps the session.
    pub async fn sign_up(origin: &str, email: &str) -> Self {
        let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().expect("a client");
        let mut browser = Self { client, cookie: String::new() };
        let form = [("email", email), ("organization", "Analytical Engines"), ("password", "correct horse battery")];
        let response = browser.post(&format!("{origin}/sign-up"), &form).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{:?}", response.text().await);
        let cookie = response.headers()[header::SET_COOKIE].to_str().expect("a cookie is text").to_owned();
        browser.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        browser
    }

    pub async fn post(&self, url: &str, form: &[(&str, &str)]) -> Response {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self
            .client
            .post(url)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(body);
        timeout(PATIENCE, request.send()).await.expect("an answer comes in time").expect("an answer comes")
    }

    /// Posts a form that leads somewhere else, and tells where: a path.
    pub async fn submit(&self, url: &str, form: &[(&str, &str)]) -> String {
        let response = self.post(url, form).await;
        let status = response.status();
        let location = response.headers().get(header::LOCATION).map(|value| value.to_str().expect("text").to_owned());
        match location {
            Some(location) if status == StatusCode::SEE_OTHER => location,
            _ => panic!("{status}: {}", response.text().await.unwrap_or_default()),
        }
    }

    /// Posts an empty form that leads somewhere else; none if there is no answer, or another one: whoever
    /// answers may die meanwhile.
    pub async fn try_submit(&self, url: &str) -> Option<String> {
        let request = self
            .client
            .post(url)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        let response = timeout(PATIENCE, request.send()).await.ok()?.ok()?;
        let leads = response.status() == StatusCode::SEE_OTHER;
        let location = response.headers().get(header::LOCATION).filter(|_| leads)?;
        Some(location.to_str().expect("text").to_owned())
    }

    /// The status of the answer.
    pub async fn status(&self, url: &str) -> u16 {
        self.get(url).await.status().as_u16()
    }

    /// What the database knows the session by.
    pub fn token_hash(&self) -> [u8; 32] {
        let token = self.cookie.split_once('=').expect("it has a value").1;
        let bytes: Vec<u8> = (0..token.len() / 2)
            .map(|at| u8::from_str_radix(&token[2 * at..2 * at + 2], 16).expect("a token is hexadecimal"))
            .collect();
        Sha256::digest(bytes).into()
    }

    /// The page at an address that must be there.
    pub async fn page(&self, url: &str) -> String {
        let response = self.get(url).await;
        assert_eq!(response.status(), StatusCode::OK, "{url}");
        response.text().await.expect("a page is text")
    }

    async fn get(&self, url: &str) -> Response {
        let request = self.client.get(url).header(header::COOKIE, &self.cookie);
        timeout(PATIENCE, request.send()).await.expect("an answer comes in time").expect("an answer comes")
    }

    /// Listens to a stream; what happens from here on will be heard.
    pub async fn events(&self, url: &str) -> Events {
        let mut response = self.get(url).await;
        assert_eq!(response.status(), StatusCode::OK, "{url}");
        let first = response.chunk().await.expect("the stream opens").expect("the stream greets");
        Events { response, heard: String::from_utf8_lossy(&first).into_owned() }
    }

    /// Asks for the page again with every event until it holds the text.
    pub async fn until(&self, url: &str, events: &mut Events, text: &str) -> String {
        loop {
            let page = self.page(url).await;
            if page.contains(text) {
                return page;
            }
            assert!(events.next().await, "the stream ended before {url} had {text:?}: {page}");
        }
    }

    /// As [`Self::until`], for a page that may be final before anybody listens.
    pub async fn eventually(&self, url: &str, text: &str) -> String {
        let ask = async {
            loop {
                let page = self.page(url).await;
                if page.contains(text) {
                    return page;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, ask).await.unwrap_or_else(|_| panic!("{url} never had {text:?}"))
    }
}

impl Events {
    /// Waits for the next change; false if the stream is over.
    pub async fn next(&mut self) -> bool {
        loop {
            if let Some(end) = self.heard.find("data:") {
                self.heard.drain(..end + "data:".len());
                return true;
            }
            match timeout(PATIENCE, self.response.chunk()).await.expect("an event comes in time") {
                Ok(Some(bytes)) => self.heard.push_str(&String::from_utf8_lossy(&bytes)),
                _ => return false,
            }
        }
    }
}
