//! The product: the tier pro. It is found again by its id, which we choose.

use stripe_product::product::{CreateProduct, RetrieveProduct};

use super::{Part, Trace};
use crate::{
    Error,
    api::{Errand, fresh_key},
};

const ID: &str = "smokex_pro";

pub(super) async fn set_up(errand: &Errand<'_>) -> Result<Part, Error> {
    match errand.read(&RetrieveProduct::new(ID)).await {
        Ok(product) => Ok(Part::new(&product.id, Trace::Found)),
        Err(Error::Missing(_)) => {
            let create = CreateProduct::new("Smokex Pro").id(ID);
            let product = errand.write(&create, fresh_key()).await?;
            Ok(Part::new(&product.id, Trace::Made))
        }
        Err(error) => Err(error),
    }
}
