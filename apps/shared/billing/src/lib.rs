//! Subscriptions at Stripe.
