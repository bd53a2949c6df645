pub async fn measure() -> anyhow::Result<Vec<crate::figure::Figure>> { anyhow::bail!("later") }
