//! Letters as files.

use std::{fs, os::unix::fs::PermissionsExt};

use notify::{Failure, Mailer};

use crate::{config, letter};

#[tokio::test]
async fn a_letter_becomes_one_file_for_its_owner_however_often_it_is_sent() {
    let temp = tempfile::tempdir().unwrap();
    let var = temp.path().join("var");
    let mailer = Mailer::new(&config(&[("VAR_DIR", var.to_str().unwrap())])).unwrap();
    assert!(!var.exists(), "nothing is made before there is a letter");
    let letter = letter();
    for _ in 0..2 {
        mailer.send(&letter).await.unwrap();
    }
    let files: Vec<_> = fs::read_dir(var.join("mail")).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let name = files[0].file_name().into_string().unwrap();
    assert_eq!(name, format!("2026-11-29T11-16-04.000005Z-{}.eml", letter.id));
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(files[0].path()), mode(var.join("mail"))), (0o600, 0o700));
    let text = fs::read_to_string(files[0].path()).unwrap();
    assert!(text.starts_with("Message-ID: ") && text.contains("\r\nFrom: Smokex <smokex@localhost>\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\nHello,\r\n.\r\n..dots\r\nGr=C3=BC=C3=9Fe\r\n"), "{text}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told_and_costs_no_letter() {
    let temp = tempfile::tempdir().unwrap();
    let var = temp.path().join("var");
    fs::write(&var, "mine").unwrap();
    let mailer = Mailer::new(&config(&[("VAR_DIR", var.to_str().unwrap())])).unwrap();
    let failure = mailer.send(&letter()).await.unwrap_err();
    let Failure::Unavailable(problem) = &failure else { panic!("{failure:?}") };
    assert!(problem.contains(var.to_str().unwrap()) && problem.contains("Make it writable"), "{problem}");
}

#[test]
fn a_sender_that_is_no_address_is_told_with_what_to_write() {
    let error = Mailer::new(&config(&[("MAIL_FROM", "Smokex")])).unwrap_err().to_string();
    assert_eq!(
        error,
        "MAIL_FROM is `Smokex`, which is no address. Write an address such as smokex@example.com or Smokex <smokex@example.com>."
    );
}
