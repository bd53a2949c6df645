//! Pages, sign-in, live updates.
