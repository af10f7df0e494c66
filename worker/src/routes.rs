//! The routes: one table, one file per resource.

mod activity;
mod apps;
mod backtests;
mod catalog;
mod click;
pub(crate) mod config;
mod decisions;
#[cfg(feature = "dev-tools")]
pub(crate) mod dev;
mod erasures;
mod events;
mod export;
mod health;
mod hooks;
mod letter_trial;
mod letters;
mod listing;
mod live;
mod looks;
mod openapi;
mod outbox;
mod plans;
mod quotes;
mod replay;
mod reports;
mod requests;
mod segments;
mod snapshot;
mod subscription;
mod suppressions;
mod sweep;
mod tenants;
mod timeline;
mod trial_mail;
mod unsubscribe;
mod upgrades;
mod webhooks_email;
mod webhooks_stripe;

pub(crate) use reports::lift_report;

use worker::{Env, Method, Request, Response};

use upcue_engine::wire::Wire;

use crate::auth::{self, Caller};
use crate::http::Query;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{TenantCall, TenantEnvelope, tenant_object};

/// A route of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Health,
    OpenApi,
    Events,
    Snapshot,
    Live,
    Subscription,
    Decisions,
    Plans,
    QuoteCreate,
    UpgradeCreate,
    Upgrade,
    RequestCreate,
    Requests,
    ReportUpgrades,
    ReportLift,
    ReportFunnel,
    ReportFunnelTenants,
    ReportConversions,
    ReportConversionsTenants,
    ReportTrend,
    Activity,
    ConfigGet,
    ConfigPut,
    ConfigValidate,
    ConfigVersions,
    ConfigDiff,
    ConfigRollback,
    ConfigSchema,
    LetterPreview,
    LetterLook,
    LetterTrial,
    Segments,
    Segment,
    BacktestStart,
    Backtest,
    CatalogGet,
    CatalogSync,
    Tenants,
    Tenant,
    TenantDecisions,
    TenantCustomer,
    TenantTimeline,
    TenantReplay,
    TenantExport,
    TenantErase,
    UserErase,
    Erasures,
    StripeEvents,
    StripeReconcile,
    AppCreate,
    AppUpdate,
    AppKeyCreate,
    AppKeyRevoke,
    AppMailTrial,
    WebhookStripe,
    Outbox,
    TenantLetters,
    TenantLetter,
    Suppressions,
    SuppressionAdd,
    SuppressionRemove,
    UnsubscribePage,
    Unsubscribe,
    Click,
    WebhookEmail,
    HookList,
    HookAdd,
    HookChange,
    HookRemove,
    HookRotate,
    HookTest,
    HookDeliveries,
    HookReplay,
    #[cfg(feature = "dev-tools")]
    Dev,
}

/// Method, path and route. `{…}` stands for one segment. The reference (`worker/openapi`) has the same calls, by a test.
const TABLE: &[(Method, &str, Route)] = &[
    (Method::Post, "/v1/events", Route::Events),
    (Method::Get, "/v1/snapshot", Route::Snapshot),
    (Method::Get, "/v1/live", Route::Live),
    (Method::Get, "/v1/subscription", Route::Subscription),
    (Method::Get, "/v1/decisions", Route::Decisions),
    (Method::Get, "/v1/plans", Route::Plans),
    (Method::Post, "/v1/upgrade/quotes", Route::QuoteCreate),
    (Method::Post, "/v1/upgrades", Route::UpgradeCreate),
    (Method::Get, "/v1/upgrades/{upgrade}", Route::Upgrade),
    (Method::Post, "/v1/upgrade-requests", Route::RequestCreate),
    (Method::Get, "/v1/upgrade-requests", Route::Requests),
    (Method::Get, "/v1/reports/upgrades", Route::ReportUpgrades),
    (Method::Get, "/v1/reports/lift", Route::ReportLift),
    (Method::Get, "/v1/reports/funnel", Route::ReportFunnel),
    (Method::Get, "/v1/reports/funnel/tenants", Route::ReportFunnelTenants),
    (Method::Get, "/v1/reports/conversions", Route::ReportConversions),
    (Method::Get, "/v1/reports/conversions/tenants", Route::ReportConversionsTenants),
    (Method::Get, "/v1/reports/trend", Route::ReportTrend),
    (Method::Get, "/v1/activity", Route::Activity),
    (Method::Get, "/healthz", Route::Health),
    (Method::Get, "/openapi.json", Route::OpenApi),
    (Method::Post, "/webhooks/stripe/{app}", Route::WebhookStripe),
    (Method::Post, "/webhooks/email/{app}/{provider}", Route::WebhookEmail),
    (Method::Get, "/v1/config", Route::ConfigGet),
    (Method::Put, "/v1/config", Route::ConfigPut),
    (Method::Post, "/v1/config/validate", Route::ConfigValidate),
    (Method::Get, "/v1/config/versions", Route::ConfigVersions),
    (Method::Get, "/v1/config/diff", Route::ConfigDiff),
    (Method::Post, "/v1/config/rollback", Route::ConfigRollback),
    (Method::Get, "/v1/config/schema", Route::ConfigSchema),
    (Method::Post, "/v1/email/preview", Route::LetterPreview),
    (Method::Post, "/v1/email/test", Route::LetterTrial),
    (Method::Get, "/v1/letters/preview/{look}", Route::LetterLook),
    (Method::Get, "/v1/segments", Route::Segments),
    (Method::Get, "/v1/segments/{segment}", Route::Segment),
    (Method::Post, "/v1/config/backtest", Route::BacktestStart),
    (Method::Get, "/v1/config/backtests/{backtest}", Route::Backtest),
    (Method::Get, "/v1/catalog", Route::CatalogGet),
    (Method::Post, "/v1/catalog/sync", Route::CatalogSync),
    (Method::Get, "/v1/tenants", Route::Tenants),
    (Method::Get, "/v1/tenants/{tenant}", Route::Tenant),
    (Method::Get, "/v1/tenants/{tenant}/decisions", Route::TenantDecisions),
    (Method::Put, "/v1/tenants/{tenant}/customer", Route::TenantCustomer),
    (Method::Get, "/v1/tenants/{tenant}/timeline", Route::TenantTimeline),
    (Method::Get, "/v1/tenants/{tenant}/replay", Route::TenantReplay),
    (Method::Get, "/v1/tenants/{tenant}/export", Route::TenantExport),
    (Method::Delete, "/v1/tenants/{tenant}", Route::TenantErase),
    (Method::Delete, "/v1/tenants/{tenant}/users/{user}", Route::UserErase),
    (Method::Get, "/v1/erasures", Route::Erasures),
    (Method::Get, "/v1/stripe/events", Route::StripeEvents),
    (Method::Post, "/v1/stripe/reconcile", Route::StripeReconcile),
    (Method::Post, "/v1/apps", Route::AppCreate),
    (Method::Patch, "/v1/apps/{app}", Route::AppUpdate),
    (Method::Post, "/v1/apps/{app}/keys", Route::AppKeyCreate),
    (Method::Delete, "/v1/apps/{app}/keys/{key}", Route::AppKeyRevoke),
    (Method::Get, "/v1/email/outbox", Route::Outbox),
    (Method::Get, "/v1/tenants/{tenant}/letters", Route::TenantLetters),
    (Method::Get, "/v1/tenants/{tenant}/letters/{letter}", Route::TenantLetter),
    (Method::Get, "/v1/email/suppressions", Route::Suppressions),
    (Method::Post, "/v1/email/suppressions", Route::SuppressionAdd),
    (Method::Delete, "/v1/email/suppressions", Route::SuppressionRemove),
    (Method::Get, "/u/{token}", Route::UnsubscribePage),
    (Method::Post, "/u/{token}", Route::Unsubscribe),
    (Method::Get, "/e/{token}", Route::Click),
    (Method::Post, "/v1/apps/{app}/email/test", Route::AppMailTrial),
    (Method::Get, "/v1/webhooks", Route::HookList),
    (Method::Post, "/v1/webhooks", Route::HookAdd),
    (Method::Patch, "/v1/webhooks/{endpoint}", Route::HookChange),
    (Method::Delete, "/v1/webhooks/{endpoint}", Route::HookRemove),
    (Method::Post, "/v1/webhooks/{endpoint}/rotate", Route::HookRotate),
    (Method::Post, "/v1/webhooks/{endpoint}/test", Route::HookTest),
    (Method::Get, "/v1/webhooks/{endpoint}/deliveries", Route::HookDeliveries),
    (Method::Post, "/v1/webhooks/{endpoint}/deliveries/{message}/replay", Route::HookReplay),
    #[cfg(feature = "dev-tools")]
    (Method::Post, "/dev/{tool}", Route::Dev),
];

impl Route {
    /// The route's path in the table, for the log.
    pub(crate) fn name(self) -> &'static str {
        TABLE.iter().find(|(_, _, route)| *route == self).map_or("-", |(_, path, _)| path)
    }
}

/// An answer on its way out.
pub(crate) struct Answer {
    /// What is answered.
    pub(crate) outcome: ApiResult<Response>,
    /// The origins that may read it; `None`: any, as it holds nothing of an app.
    pub(crate) allowed_origins: Option<Vec<String>>,
    /// Whom it concerned.
    pub(crate) tenant: Option<String>,
}

impl Answer {
    /// The answer's status.
    pub(crate) fn status(&self) -> u16 {
        self.outcome.as_ref().map_or_else(ApiError::status, Response::status_code)
    }

    /// The problem, if it is one.
    pub(crate) fn error(&self) -> Option<&ApiError> {
        self.outcome.as_ref().err()
    }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Self {
        Self::from(Err(error))
    }
}

impl From<ApiResult<Response>> for Answer {
    fn from(outcome: ApiResult<Response>) -> Self {
        Self { outcome, allowed_origins: None, tenant: None }
    }
}

/// Answers a route that pages call: checks credential, tenant and origin, and lets the app's own pages read the answer.
async fn for_pages(
    req: &mut Request,
    env: &Env,
    answer: impl AsyncFnOnce(&mut Request, &Env, &Caller, String) -> ApiResult<Response>,
) -> Answer {
    let caller = match auth::bearer(req) {
        Ok(credential) => auth::caller(env, credential).await,
        Err(error) => Err(error),
    };
    let caller = match caller {
        Ok(caller) => caller,
        Err(error) => return error.into(),
    };
    let tenant = caller.tenant(Query::of(req).get("tenant"));
    let outcome = match (auth::check_origin(req, &caller.app), tenant.clone()) {
        (Ok(()), Ok(tenant)) => answer(req, env, &caller, tenant).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    Answer { outcome, allowed_origins: Some(caller.app.allowed_origins), tenant: tenant.ok() }
}

/// Calls a tenant's object on behalf of `caller`.
async fn call_tenant<R: Wire>(env: &Env, caller: &Caller, tenant: &str, call: TenantCall) -> ApiResult<R> {
    let app = &caller.app;
    let envelope = TenantEnvelope { app: app.id.clone(), tenant: tenant.to_owned(), revision: app.revision, call };
    tenant_object(env, &app.id, tenant)?.call(&envelope).await
}

/// Finds the route of a request.
pub(crate) fn find(method: &Method, path: &str) -> ApiResult<Route> {
    let wanted = if *method == Method::Head { &Method::Get } else { method };
    at(path).find(|(of, ..)| of == wanted).map(|(.., route)| *route).ok_or_else(|| not_taken(path))
}

/// A path that does not take the method, or is none.
pub(crate) fn not_taken(path: &str) -> ApiError {
    let allowed = allowed(path);
    if allowed.is_empty() {
        return ApiError::new(Code::NotFound, "no such path; GET /openapi.json describes those there are");
    }
    ApiError::new(Code::MethodNotAllowed, format!("this path takes {allowed}"))
}

/// The methods that a path takes, as the header `Allow` has them.
pub(crate) fn allowed(path: &str) -> String {
    at(path).map(|(method, ..)| method.as_ref()).collect::<Vec<_>>().join(", ")
}

/// The rows of a path.
fn at(path: &str) -> impl Iterator<Item = &'static (Method, &'static str, Route)> {
    TABLE.iter().filter(move |(_, pattern, _)| matches(pattern, path))
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    pattern
        .split('/')
        .all(|expected| segments.next().is_some_and(|found| if expected.starts_with('{') { !found.is_empty() } else { expected == found }))
        && segments.next().is_none()
}

/// The segment at this position of a path, decoded.
fn segment(path: &str, position: usize) -> ApiResult<String> {
    let raw = path.split('/').nth(position).unwrap_or("");
    percent_decode(raw).ok_or_else(|| ApiError::new(Code::InvalidRequest, "the path is not valid UTF-8 after percent-decoding"))
}

fn percent_decode(text: &str) -> Option<String> {
    // Decoded as the value of a form; `+` and `&`, which mean something there, stand for themselves in a path.
    let pair = format!("v={}", text.replace('+', "%2B").replace('&', "%26"));
    let (_, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
    (!value.contains('\u{fffd}')).then(|| value.into_owned())
}

/// Answers a request of a route.
pub(crate) async fn handle(route: Route, req: &mut Request, env: &Env, path: &str) -> Answer {
    match route {
        Route::Health => health::get().into(),
        Route::OpenApi => openapi::get().into(),
        Route::Events => events::post(req, env).await,
        Route::Snapshot => snapshot::get(req, env).await,
        Route::Live => live::get(req, env).await,
        Route::Subscription => subscription::get(req, env).await,
        Route::Decisions => decisions::get(req, env).await,
        Route::Plans => plans::get(req, env).await,
        Route::QuoteCreate => quotes::post(req, env).await,
        Route::UpgradeCreate => upgrades::post(req, env).await,
        Route::Upgrade => upgrades::get(req, env, path).await,
        Route::RequestCreate => requests::post(req, env).await,
        Route::Requests => requests::get(req, env).await,
        Route::ReportUpgrades => reports::upgrades(req, env).await.into(),
        Route::ReportLift => reports::lift::get(req, env).await.into(),
        Route::ReportFunnel => reports::funnel::get(req, env).await.into(),
        Route::ReportFunnelTenants => reports::funnel::tenants(req, env).await.into(),
        Route::ReportConversions => reports::conversions::get(req, env).await.into(),
        Route::ReportConversionsTenants => reports::conversions::tenants(req, env).await.into(),
        Route::ReportTrend => reports::trend::get(req, env).await.into(),
        Route::Activity => activity::get(req, env).await.into(),
        Route::ConfigGet => config::get(req, env).await.into(),
        Route::ConfigPut => config::put(req, env).await.into(),
        Route::ConfigValidate => config::validate(req, env).await.into(),
        Route::ConfigVersions => config::versions(req, env).await.into(),
        Route::ConfigDiff => config::diff(req, env).await.into(),
        Route::ConfigSchema => config::schema().into(),
        Route::ConfigRollback => config::rollback(req, env).await.into(),
        Route::LetterPreview => letters::preview(req, env).await.into(),
        Route::LetterLook => looks::get(req, env, path).await.into(),
        Route::LetterTrial => letter_trial::post(req, env).await.into(),
        Route::Segments => segments::list(req, env).await.into(),
        Route::Segment => segments::get(req, env, path).await.into(),
        Route::BacktestStart => backtests::post(req, env).await.into(),
        Route::Backtest => backtests::get(req, env, path).await.into(),
        Route::CatalogGet => catalog::get(req, env).await.into(),
        Route::CatalogSync => catalog::sync(req, env).await.into(),
        Route::Tenants => tenants::list(req, env).await.into(),
        Route::Tenant => tenants::get(req, env, path).await.into(),
        Route::TenantDecisions => tenants::decisions(req, env, path).await.into(),
        Route::TenantCustomer => tenants::link_customer(req, env, path).await.into(),
        Route::TenantTimeline => timeline::get(req, env, path).await.into(),
        Route::TenantReplay => replay::get(req, env, path).await.into(),
        Route::TenantExport => export::get(req, env, path).await.into(),
        Route::TenantErase => erasures::tenant_with_all(req, env, path).await.into(),
        Route::UserErase => erasures::user(req, env, path).await.into(),
        Route::Erasures => erasures::list(req, env).await.into(),
        Route::StripeEvents => webhooks_stripe::list(req, env).await.into(),
        Route::StripeReconcile => sweep::post(req, env).await.into(),
        Route::AppCreate => apps::create(req, env).await.into(),
        Route::AppUpdate => apps::update(req, env, path).await.into(),
        Route::AppKeyCreate => apps::add_key(req, env, path).await.into(),
        Route::AppKeyRevoke => apps::revoke_key(req, env, path).await.into(),
        Route::AppMailTrial => trial_mail::post(req, env, path).await.into(),
        Route::WebhookStripe => webhooks_stripe::post(req, env, path).await.into(),
        Route::Outbox => outbox::list(req, env).await.into(),
        Route::TenantLetters => outbox::of_tenant(req, env, path).await.into(),
        Route::TenantLetter => outbox::get(req, env, path).await.into(),
        Route::Suppressions => suppressions::list(req, env).await.into(),
        Route::SuppressionAdd => suppressions::add(req, env).await.into(),
        Route::SuppressionRemove => suppressions::remove(req, env).await.into(),
        Route::UnsubscribePage => unsubscribe::get(req, env, path).await.into(),
        Route::Unsubscribe => unsubscribe::post(req, env, path).await.into(),
        Route::Click => click::get(req, env, path).await.into(),
        Route::WebhookEmail => webhooks_email::post(req, env, path).await.into(),
        Route::HookList
        | Route::HookAdd
        | Route::HookChange
        | Route::HookRemove
        | Route::HookRotate
        | Route::HookTest
        | Route::HookDeliveries
        | Route::HookReplay => hooks::answer(route, req, env, path).await.into(),
        #[cfg(feature = "dev-tools")]
        Route::Dev => dev::post(req, env, path).await.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_route() {
        for (method, path, expected) in [
            (Method::Post, "/v1/events", Ok(Route::Events)),
            (Method::Head, "/healthz", Ok(Route::Health)),
            (Method::Post, "/webhooks/stripe/demo", Ok(Route::WebhookStripe)),
            (Method::Get, "/v1/tenants/acme", Ok(Route::Tenant)),
            (Method::Get, "/v1/tenants/acme/decisions", Ok(Route::TenantDecisions)),
            (Method::Get, "/v1/events", Err("method_not_allowed")),
            (Method::Get, "/v1/events/", Err("not_found")),
            (Method::Get, "/v1/tenants/", Err("not_found")),
            (Method::Post, "/webhooks/stripe/", Err("not_found")),
            (Method::Get, "/", Err("not_found")),
            (Method::Get, "", Err("not_found")),
        ] {
            assert_eq!(find(&method, path).map_err(|e| e.code().to_owned()), expected.map_err(str::to_owned), "{path}");
        }
    }

    #[test]
    fn segments_are_decoded_once() {
        for (path, expected) in [
            ("/v1/tenants/a%20b", Some("a b")),
            ("/v1/tenants/a+b%2Fc", Some("a+b/c")),
            ("/v1/tenants/%ff", None),
            ("/v1/tenants/a&b=c", Some("a&b=c")),
        ] {
            assert_eq!(segment(path, 3).ok().as_deref(), expected, "{path}");
        }
    }
}
