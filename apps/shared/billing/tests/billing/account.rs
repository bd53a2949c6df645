//! What the billing page shows of an account, and the portal.

use billing::{Account, InvoiceStatus};
use testkit::stripe::{Card, Fault};

use crate::shop::{self, DAY};

testkit::on_both! {
    async fn the_last_invoices_and_the_next_one_are_shown(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.subscriber(Card::Good).await;
        shop.pass(DAY * 32).await;
        let Account { next_invoice, invoices, offer } = shop.billing().account(member.tenant()).await.unwrap();
        assert_eq!((invoices.len(), offer), (2, None));
        assert!(invoices[0].at > invoices[1].at, "newest first");
        for invoice in &invoices {
            assert_eq!((invoice.status, invoice.amount.to_string().as_str()), (InvoiceStatus::Paid, "39.99 USD"));
            assert!(invoice.number.is_some() && invoice.url.is_some() && invoice.pdf.is_some(), "{invoice:?}");
        }
        let next = next_invoice.unwrap();
        assert_eq!(next.amount.to_string(), "39.99 USD");
        assert!(next.at >= shop.subscription(&member).await.unwrap().current_period_end.unwrap(), "{next:?}");

        shop.billing().cancel(member.tenant()).await.unwrap();
        assert_eq!(shop.billing().account(member.tenant()).await.unwrap().next_invoice, None, "nothing is to come");
        shop.stripe.set_card(&shop.customer(&member).await, Card::Declines);
        shop.billing().resume(member.tenant()).await.unwrap();
        shop.pass(DAY * 32).await;
        let account = shop.billing().account(member.tenant()).await.unwrap();
        assert_eq!(account.invoices[0].status, InvoiceStatus::Open);
    }

    async fn at_most_twelve_invoices_are_shown(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.subscriber(Card::Good).await;
        shop.pass(DAY * 31 * 15).await;
        assert_eq!(shop.billing().account(member.tenant()).await.unwrap().invoices.len(), 12);
    }

    async fn a_page_does_not_wait_for_a_stripe_that_hangs(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.subscriber(Card::Good).await;
        shop.stripe.fail_matching("invoices", 20, Fault::Hang);
        let began = std::time::Instant::now();
        let account = shop.billing().account(member.tenant()).await;
        assert!(matches!(account, Err(billing::Error::Unreachable(_))), "{account:?}");
        assert!(began.elapsed().as_secs_f32() < 5.0, "{:?}", began.elapsed());
    }

    async fn whoever_never_paid_is_told_the_price_and_not_asked_about(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.member().await;
        let asked = shop.stripe.requests().len();
        let account = shop.billing().account(member.tenant()).await.unwrap();
        assert_eq!(account.offer.map(|offer| offer.to_string()).as_deref(), Some("39.99 USD"));
        assert!(account.next_invoice.is_none() && account.invoices.is_empty());
        let asked: Vec<_> = shop.stripe.requests()[asked..].iter().map(|request| request.path.clone()).collect();
        assert_eq!(asked, ["/v1/prices"]);
    }

    async fn the_portal_is_ours_and_comes_back_to_the_billing_page(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.subscriber(Card::Good).await;
        let url = shop.billing().portal(member.tenant()).await.unwrap();
        assert!(url.as_str().starts_with(&shop.stripe.url()), "{url}");
        let requests = shop.stripe.requests();
        let opened = requests.iter().rfind(|request| request.path == "/v1/billing_portal/sessions").unwrap();
        assert_eq!(opened.param("return_url").unwrap(), format!("{}billing", shop.origin));
        assert!(opened.param("configuration").unwrap().starts_with("bpc_"), "{opened:?}");
    }
}
