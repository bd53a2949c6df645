//! The last mails, for whoever runs a server that has no mail server: there they lie in a folder, and links
//! would have to be copied from it.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use store::MailRow;

use crate::{
    config::MailDelivery,
    error::WebError,
    page::{Page, Section, html},
    session::SignedIn,
    state::State,
};

/// So many are shown.
const MOST: u32 = 50;

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage {
    page: Page,
    mails: Vec<MailRow>,
    origin: String,
}

impl MailPage {
    /// The path of a line that is nothing but an address of this server.
    fn path<'a>(&self, line: &'a str) -> Option<&'a str> {
        line.strip_prefix(&self.origin).filter(|path| path.starts_with('/') && !path.contains(char::is_whitespace))
    }
}

/// `GET /mail`. Where mail goes out, there is no such page: it would show what is for others' eyes only.
pub(crate) async fn page(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    if !member.is_operator || state.config.mail == MailDelivery::Server {
        return Err(WebError::NotFound);
    }
    let mails = state.store.mails(MOST).await?;
    let origin = state.origin.as_str().trim_end_matches('/').to_owned();
    html(&MailPage { page: Page::of(&request, Section::Mail, member), mails, origin })
}
