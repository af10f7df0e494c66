//! What lists of tenants have in common: order, cursor, pages.

use base64ct::{Base64UrlUnpadded, Encoding};
use upcue_engine::wire;

use crate::http::Query;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{Listing, Order, Place, TenantRow};

/// Tenants on a page: usually, and at most.
const PAGE: (u32, u32) = (50, 500);

/// The page that `sort`, `cursor` and `limit` ask for; `usual`: the order where none is named.
pub(super) fn of(query: &Query, usual: Order) -> ApiResult<Listing> {
    let order = match query.get("sort") {
        None => usual,
        Some("tenant") => Order::Tenant,
        Some("score") => Order::Score,
        Some(_) => return Err(ApiError::new(Code::InvalidRequest, "`sort` must be tenant or score")),
    };
    let after = query.get("cursor").map(|text| read(text, order)).transpose()?;
    Ok(Listing { order, after, limit: query.number("limit", PAGE.0, PAGE.1)?, ..Listing::default() })
}

/// One row more than the page has shows whether another page follows.
pub(super) fn and_one_more(listing: &Listing) -> Listing {
    Listing { limit: listing.limit.saturating_add(1), ..listing.clone() }
}

/// The page's rows, and the cursor of the next one, if there is one.
pub(super) fn page(listing: &Listing, mut rows: Vec<TenantRow>) -> (Vec<TenantRow>, Option<String>) {
    let more = rows.len() > listing.limit as usize;
    rows.truncate(listing.limit as usize);
    let next = rows.last().filter(|_| more).map(|last| write(listing.order, &place(last)));
    (rows, next)
}

/// Where a row stands.
pub(super) fn place(row: &TenantRow) -> Place {
    Place { score: row.score, tenant: row.tenant.clone() }
}

/// A cursor is the place of a page's last row. Nothing of it is secret; it is encoded so that nobody builds upon what it holds.
fn write(order: Order, place: &Place) -> String {
    Base64UrlUnpadded::encode_string(&wire::encode(&(order, place.clone())))
}

fn read(text: &str, order: Order) -> ApiResult<Place> {
    let bytes = Base64UrlUnpadded::decode_vec(text).ok();
    match bytes.and_then(|bytes| wire::decode::<(Order, Place)>(&bytes)) {
        Some((of, place)) if of == order => Ok(place),
        Some(_) => Err(ApiError::new(Code::InvalidRequest, "`cursor` is of a list in another order; send the `sort` it came with")),
        None => Err(ApiError::new(Code::InvalidRequest, "`cursor` must be the `next_cursor` of a page before")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(tenant: &str, score: Option<u8>) -> TenantRow {
        TenantRow { tenant: tenant.to_owned(), score, ..TenantRow::default() }
    }

    #[test]
    fn only_a_page_with_more_behind_it_has_a_cursor() {
        let rows = [row("a", None), row("b", Some(7)), row("c", None)];
        for (limit, kept, has_next) in [(1, 1, true), (2, 2, true), (3, 3, false), (4, 3, false)] {
            let listing = Listing { limit, ..Listing::default() };
            let found: Vec<TenantRow> = rows.iter().take(and_one_more(&listing).limit as usize).cloned().collect();
            let (page, next) = page(&listing, found);
            assert_eq!((page.len(), next.is_some()), (kept, has_next), "{limit}");
            let last = next.map(|cursor| read(&cursor, Order::Tenant).expect("our own"));
            assert_eq!(last, has_next.then(|| place(&page[kept - 1])));
        }
    }

    #[test]
    fn what_is_no_cursor_of_this_order_is_refused_in_words() {
        let by_score = write(Order::Score, &place(&row("acme", Some(80))));
        for (cursor, words) in [("acme", "next_cursor"), ("", "next_cursor"), ("AA=", "next_cursor"), (&by_score, "another order")] {
            let error = read(cursor, Order::Tenant).expect_err(cursor);
            assert!(error.detail().contains(words), "{cursor}: {}", error.detail());
        }
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_the_place_it_was_made_of(tenant in "\\PC{1,40}", score in prop::option::of(0..=100u8)) {
            for order in [Order::Tenant, Order::Score] {
                let place = place(&row(&tenant, score));
                let cursor = write(order, &place);
                prop_assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
                prop_assert_eq!(read(&cursor, order).ok(), Some(place));
            }
        }
    }
}
