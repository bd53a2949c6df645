//! The mails about accounts: what they say, and where their links lead. Links are built from the configured
//! origin, never from what a request says its host is.

use domain::{Email, MailSubject, TicketPurpose};
use store::NewMail;
use url::Url;

use crate::session::Token;

/// Whoever signed up is asked to show that mail reaches them.
pub(crate) fn confirm(origin: &Url, token: &Token, to: &Email) -> NewMail {
    let link = link(origin, "confirm", token);
    mail(
        to,
        "Confirm your e-mail address",
        &format!(
            "Somebody signed up for Smokex at {origin} with this address. If it was you, confirm it here:\n\n\
             {link}\n\n\
             The link is good once, for {}. If it was not you, do nothing: no alerts will be sent here.\n",
            lifetime(TicketPurpose::Confirm)
        ),
    )
}

/// Whoever has an account already signed up once more, or somebody else did.
pub(crate) fn taken(origin: &Url, to: &Email) -> NewMail {
    let (sign_in, forgot) = (page(origin, "sign-in"), page(origin, "forgot"));
    mail(
        to,
        "You have an account already",
        &format!(
            "Somebody wanted to use this address for another account of Smokex at {origin}. It has one \
             already, so nothing was changed. If it was you, sign in:\n\n{sign_in}\n\n\
             If you have forgotten the password, choose another one:\n\n{forgot}\n\n\
             If it was not you, do nothing.\n"
        ),
    )
}

/// Whoever forgot their password may choose another.
pub(crate) fn reset(origin: &Url, token: &Token, to: &Email) -> NewMail {
    let link = link(origin, "reset", token);
    mail(
        to,
        "Choose a new password",
        &format!(
            "Somebody asked for a new password for your account of Smokex at {origin}. If it was you, \
             choose one here:\n\n{link}\n\n\
             The link is good once, for {}. If it was not you, do nothing: your password stays as it is.\n",
            lifetime(TicketPurpose::Reset)
        ),
    )
}

/// The new address is asked whether mail reaches it.
pub(crate) fn new_email(origin: &Url, token: &Token, to: &Email) -> NewMail {
    let link = link(origin, "change-email", token);
    mail(
        to,
        "Confirm your new e-mail address",
        &format!(
            "Somebody wants to use this address for their account of Smokex at {origin}. If it was you, \
             confirm it here:\n\n{link}\n\n\
             The link is good once, for {}. Everybody who is signed in to the account then signs in again, with \
             this address. If it was not you, do nothing.\n",
            lifetime(TicketPurpose::ChangeEmail)
        ),
    )
}

/// The old address learns that another one is wanted.
pub(crate) fn email_is_changing(origin: &Url, to: &Email, new: &Email) -> NewMail {
    mail(
        to,
        "Your e-mail address is about to change",
        &format!(
            "Somebody who knows your password asked to change the address of your account of Smokex at {origin} \
             to {new}. It changes as soon as the link that was sent there is followed.\n\n{}",
            if_not_you(origin)
        ),
    )
}

/// The old address learns that it is no more.
pub(crate) fn email_changed(origin: &Url, to: &Email, new: &Email) -> NewMail {
    mail(
        to,
        "Your e-mail address was changed",
        &format!(
            "The address of your account of Smokex at {origin} is {new} from now on. No more mail comes here.\n\n\
             If it was not you who changed it, tell whoever runs this server.\n"
        ),
    )
}

/// Whoever has the account learns that it has another password.
pub(crate) fn password_changed(origin: &Url, to: &Email) -> NewMail {
    mail(
        to,
        "Your password was changed",
        &format!(
            "Your account of Smokex at {origin} has a new password. Everybody who was signed in with the old one \
             has to sign in again.\n\n{}",
            if_not_you(origin)
        ),
    )
}

/// Whoever has the account learns that it has a second factor.
pub(crate) fn second_factor_enabled(origin: &Url, to: &Email) -> NewMail {
    mail(
        to,
        "Your account asks for a second factor",
        &format!(
            "Whoever signs in to your account of Smokex at {origin} is asked for a code of an app from now on, \
             besides the password.\n\n{}",
            if_not_you(origin)
        ),
    )
}

/// Whoever has the account learns that it has no second factor any more.
pub(crate) fn second_factor_disabled(origin: &Url, to: &Email) -> NewMail {
    mail(
        to,
        "Your account asks for no second factor any more",
        &format!(
            "The password alone is enough to sign in to your account of Smokex at {origin} from now on.\n\n{}",
            if_not_you(origin)
        ),
    )
}

/// Whoever has the account learns that a recovery code was used, and how many are left.
pub(crate) fn recovery_code_used(origin: &Url, to: &Email, left: u32) -> NewMail {
    mail(
        to,
        "A recovery code was used",
        &format!(
            "A recovery code took the place of the second factor of your account of Smokex at {origin}. \
             Codes that are left: {left}. Turn the second factor off and on again to get new ones.\n\n{}",
            if_not_you(origin)
        ),
    )
}

/// Whoever had the account learns that it is gone.
pub(crate) fn account_deleted(origin: &Url, to: &Email) -> NewMail {
    mail(
        to,
        "Your account was deleted",
        &format!(
            "Your account of Smokex at {origin} was deleted by somebody who knows its password. This is the last \
             mail to this address.\n\nIf it was not you, tell whoever runs this server.\n"
        ),
    )
}

fn mail(to: &Email, subject: &str, text: &str) -> NewMail {
    NewMail {
        key: None,
        organization: None,
        recipient: to.clone(),
        subject: MailSubject::new(subject),
        text: text.to_owned(),
    }
}

fn if_not_you(origin: &Url) -> String {
    format!("If it was not you, choose a new password at once:\n\n{}\n", page(origin, "forgot"))
}

fn page(origin: &Url, name: &str) -> Url {
    let mut url = origin.clone();
    url.set_path(name);
    url
}

fn link(origin: &Url, name: &str, token: &Token) -> Url {
    page(origin, &format!("{name}/{}", token.text()))
}

fn lifetime(purpose: TicketPurpose) -> String {
    match purpose.lifetime().as_hours() {
        1 => "an hour".to_owned(),
        hours if hours % 24 == 0 => format!("{} days", hours / 24),
        hours => format!("{hours} hours"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_origin_and_say_how_long_they_are_good() {
        let (origin, to) = ("https://smokex.example:8443".parse().unwrap(), "ada@example.com".parse().unwrap());
        let token = Token::new();
        let text = reset(&origin, &token, &to).text;
        assert!(text.contains(&format!("\nhttps://smokex.example:8443/reset/{}\n", token.text())), "{text}");
        assert!(text.contains("good once, for an hour"), "{text}");
        assert!(confirm(&origin, &token, &to).text.contains("good once, for 7 days"));
        let all = [
            taken(&origin, &to),
            new_email(&origin, &token, &to),
            email_is_changing(&origin, &to, &to),
            password_changed(&origin, &to),
        ];
        for mail in all {
            assert!(mail.text.contains("\n\nhttps://smokex.example:8443/"), "{}", mail.text);
        }
    }
}
