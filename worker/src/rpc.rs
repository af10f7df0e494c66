//! The calls between Worker and objects: one enum per object, answered in [`wire`].

use serde::{Deserialize, Serialize};
use upcue_engine::facts::Role;
use upcue_engine::tenant::Batch;
use upcue_engine::time::Millis;
use upcue_engine::wire;
use upcue_engine::wire::Wire;
use worker::{Env, Headers, Request, Response, Stub, web_sys};

use crate::problem::{ApiError, ApiResult, Code};

/// The binding of the namespace with one object per app, as in wrangler.toml.
const APP: &str = "APP";
/// The binding of the namespace with one object per tenant, as in wrangler.toml.
const TENANT: &str = "TENANT";
/// Objects are reached by binding; the host name of the request means nothing.
const URL: &str = "https://object/";
/// The header that carries the call of a WebSocket request, which has no body.
const CALL_HEADER: &str = "upcue-call";

/// What every request needs to know of an app.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct AppHead {
    /// Its id.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Pages that may call.
    pub(crate) allowed_origins: Vec<String>,
    /// Keys that user tokens may be signed with.
    pub(crate) signing_keys: Vec<SigningKey>,
    /// SHA-256 of the secret keys.
    pub(crate) secret_keys: Vec<[u8; 32]>,
    /// How to reach Stripe for it.
    pub(crate) stripe: StripeAccess,
    /// The revision of its rulebook.
    pub(crate) revision: u32,
}

wire! { struct AppHead { id, name, allowed_origins, signing_keys, secret_keys, stripe, revision } }

/// A key that user tokens are signed with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SigningKey {
    /// Selects it in a token's header.
    pub(crate) kid: String,
    /// HS256's secret, as text.
    pub(crate) secret: String,
}

wire! { struct SigningKey { kid, secret } }

/// How an app reaches its Stripe account, and how Stripe proves itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct StripeAccess {
    /// The API key; empty when Stripe is not set up.
    pub(crate) api_key: String,
    /// The webhook endpoint's secrets: several while one is being rotated.
    pub(crate) webhook_secrets: Vec<String>,
}

wire! { struct StripeAccess { api_key, webhook_secrets } }

/// What the app's object does.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum AppCall {
    /// Creates the app → [`NewApp`].
    Create(AppSettings),
    /// Changes what is given → `()`.
    Update(AppSettings),
    /// → [`AppHead`].
    Head,
    /// Makes another key → [`NewKey`].
    AddKey(KeyKind),
    /// Stops a key from working, by `kid` or by the key itself → `()`.
    RevokeKey(String),
    /// The compiled rules → `Rulebook`.
    Rulebook,
    /// A version of the configuration; `None`: the newest → [`StoredConfig`].
    Config(Option<u32>),
    /// All versions, newest first → `Vec<ConfigVersion>`.
    ConfigVersions,
    /// Publishes a document → [`StoredConfig`].
    Publish {
        /// The document, as sent.
        document: String,
        /// The hash of the version it replaces; `*` for any.
        if_match: String,
    },
    /// Reads the catalogue from Stripe → [`CatalogueReport`].
    SyncCatalogue,
    /// The catalogue as last read → [`CatalogueReport`].
    Catalogue,
    /// An event of Stripe's, its signature checked → [`EventState`].
    StripeEvent(String),
    /// Events that wait or found no tenant → `Vec<StoredEvent>`.
    StripeEvents(Option<EventState>),
    /// Says whose a customer is → `()`.
    LinkCustomer {
        /// `cus_…`
        customer: String,
        /// The tenant.
        tenant: String,
    },
    /// Facts of a tenant, numbered without gaps → `u64`, the highest number known.
    Facts {
        /// Whose.
        tenant: String,
        /// The facts, lowest number first.
        facts: Vec<(u64, Fact)>,
    },
    /// Tenants after a name, in order → `Vec<TenantRow>`.
    Tenants {
        /// Lists what comes after it.
        after: String,
        /// At most so many.
        limit: u32,
    },
}

wire! { enum AppCall {
    Create(value), Update(value), Head, AddKey(value), RevokeKey(value), Rulebook, Config(value), ConfigVersions,
    Publish { document, if_match }, SyncCatalogue, Catalogue, StripeEvent(value), StripeEvents(value),
    LinkCustomer { customer, tenant }, Facts { tenant, facts }, Tenants { after, limit },
} }

/// What an operator sets; `None` leaves as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct AppSettings {
    /// The app's id; on creation.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: Option<String>,
    /// Pages that may call.
    pub(crate) allowed_origins: Option<Vec<String>>,
    /// Stripe's API key.
    pub(crate) stripe_key: Option<String>,
    /// Stripe's webhook secrets.
    pub(crate) webhook_secrets: Option<Vec<String>>,
}

wire! { struct AppSettings { id, name, allowed_origins, stripe_key, webhook_secrets } }

/// An app that was created, with the keys that are shown once.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NewApp {
    /// For the back end.
    pub(crate) secret_key: String,
    /// For signing user tokens.
    pub(crate) signing_key: SigningKey,
}

wire! { struct NewApp { secret_key, signing_key } }

/// The kinds of keys.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyKind {
    /// For the back end.
    Secret,
    /// For signing user tokens.
    Signing,
}

wire! { enum KeyKind { Secret, Signing } }

/// A key that was made; shown once.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum NewKey {
    /// For the back end.
    Secret(String),
    /// For signing user tokens.
    Signing(SigningKey),
}

wire! { enum NewKey { Secret(value), Signing(value) } }

/// A version of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ConfigVersion {
    /// Counts from 1.
    pub(crate) version: u32,
    /// SHA-256 of the document, in hexadecimal.
    pub(crate) hash: String,
    /// When it was published.
    pub(crate) published_at: Millis,
}

wire! { struct ConfigVersion { version, hash, published_at } }

/// A version with its document.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredConfig {
    /// Which version.
    pub(crate) version: ConfigVersion,
    /// As published.
    pub(crate) document: String,
}

wire! { struct StoredConfig { version, document } }

/// The plans in force, and what is wrong with what Stripe has.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct CatalogueReport {
    /// Lowest rank first.
    pub(crate) plans: Vec<upcue_engine::plan::Plan>,
    /// The names of the meters, in the order of a plan's allowances.
    pub(crate) meters: Vec<String>,
    /// The names of the features, in the order of a plan's features.
    pub(crate) features: Vec<String>,
    /// When Stripe was last read.
    pub(crate) synced_at: Option<Millis>,
    /// What is wrong; while anything is, the last good plans stay in force.
    pub(crate) problems: Vec<upcue_engine::catalogue::CatalogueProblem>,
}

wire! { struct CatalogueReport { plans, meters, features, synced_at, problems } }

/// How far an event of Stripe's has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventState {
    /// Stored; still to be acted upon.
    Pending,
    /// Acted upon.
    Done,
    /// About a customer who is nobody's; acted upon as soon as somebody is.
    Unmatched,
    /// Of a type that changes nothing here.
    Ignored,
}

wire! { enum EventState { Pending, Done, Unmatched, Ignored } }

/// A stored event of Stripe's.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    /// `evt_…`
    pub(crate) id: String,
    /// `customer.subscription.updated` …
    pub(crate) kind: String,
    /// How far it has come.
    pub(crate) state: EventState,
    /// The customer it is about, when it says.
    pub(crate) customer: Option<String>,
    /// When it came in.
    pub(crate) received_at: Millis,
    /// How often acting upon it failed.
    pub(crate) attempts: u32,
    /// Why it last failed.
    pub(crate) detail: Option<String>,
}

wire! { struct StoredEvent { id, kind, state, customer, received_at, attempts, detail } }

/// What a tenant tells its app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Fact {
    /// It is there; told once a day.
    Seen {
        /// When.
        at: Millis,
    },
    /// Its subscription is another one now.
    Subscription {
        /// When.
        at: Millis,
        /// The plan's id.
        plan: Option<String>,
        /// Stripe's word.
        status: Option<String>,
    },
}

wire! { enum Fact { Seen { at }, Subscription { at, plan, status } } }

/// A tenant in the app's list.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TenantRow {
    /// Its name.
    pub(crate) tenant: String,
    /// When it was last heard of; exact to a day.
    pub(crate) seen_at: Millis,
    /// The plan's id.
    pub(crate) plan: Option<String>,
    /// Stripe's word for the subscription.
    pub(crate) status: Option<String>,
}

wire! { struct TenantRow { tenant, seen_at, plan, status } }

/// A call to a tenant's object, with what it must know to answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TenantEnvelope {
    /// Whose tenant it is.
    pub(crate) app: String,
    /// Its name.
    pub(crate) tenant: String,
    /// The revision of the rules that must at least be in force.
    pub(crate) revision: u32,
    /// What to do.
    pub(crate) call: TenantCall,
}

wire! { struct TenantEnvelope { app, tenant, revision, call } }

/// What the tenant's object does.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum TenantCall {
    /// Counts events → `Receipt`.
    Events(Batch),
    /// What a browser needs → [`SnapshotReply`].
    Snapshot(WhoLooks),
    /// Opens a live connection; by WebSocket request only.
    Live(WhoLooks),
    /// Facts for the back end → [`TenantReport`].
    Report,
    /// Decisions for a user, with their traces → [`DecisionReport`].
    Decisions {
        /// For whom.
        who: WhoLooks,
        /// Where; `None`: everywhere.
        placement: Option<String>,
    },
    /// Reads a subscription from Stripe again and folds it in → the ids of its prices.
    SyncSubscription {
        /// `sub_…`
        subscription: String,
        /// Whose it must be.
        customer: String,
        /// How to reach Stripe.
        api_key: String,
    },
    /// Rules have changed: fetch them if anybody is looking → `()`.
    RulesChanged,
    /// Panics.
    #[cfg(feature = "dev-tools")]
    Panic,
}

wire! { enum TenantCall {
    Events(value), Snapshot(value), Live(value), Report, Decisions { who, placement },
    SyncSubscription { subscription, customer, api_key }, RulesChanged, #[cfg(feature = "dev-tools")] Panic,
} }

/// A user who looks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WhoLooks {
    /// The user.
    pub(crate) user: String,
    /// In which role.
    pub(crate) role: Role,
    /// The key of the client; 0 for none.
    pub(crate) client: u64,
    /// When the credential ends.
    pub(crate) expires: Millis,
}

wire! { struct WhoLooks { user, role, client, expires } }

/// A snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SnapshotReply {
    /// The frame.
    pub(crate) frame: Vec<u8>,
    /// Of everything in it but the time.
    pub(crate) hash: u64,
}

wire! { struct SnapshotReply { frame, hash } }

/// A tenant, for its app's back end.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TenantReport {
    /// The facts.
    pub(crate) standing: upcue_engine::facts::Standing,
    /// The meters they number.
    pub(crate) meters: Vec<upcue_engine::plan::Meter>,
    /// The features they number.
    pub(crate) features: Vec<upcue_engine::plan::Feature>,
    /// The subscription that counts.
    pub(crate) subscription: Option<upcue_engine::subscription::Subscription>,
    /// Live connections.
    pub(crate) sockets: u32,
}

wire! { struct TenantReport { standing, meters, features, subscription, sockets } }

/// Why which campaign is shown where.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DecisionReport {
    /// When.
    pub(crate) at: Millis,
    /// The version of the configuration.
    pub(crate) config_version: u32,
    /// By placement.
    pub(crate) placements: Vec<PlacementDecision>,
}

wire! { struct DecisionReport { at, config_version, placements } }

/// Why which campaign is shown at one placement.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlacementDecision {
    /// Where.
    pub(crate) placement: String,
    /// What is shown.
    pub(crate) campaign: Option<String>,
    /// The title it is shown with.
    pub(crate) title: Option<String>,
    /// Why this, or why nothing.
    pub(crate) reason: String,
    /// Of every campaign there: its name and what decided about it.
    pub(crate) trace: Vec<(String, String)>,
}

wire! { struct PlacementDecision { placement, campaign, title, reason, trace } }

/// An object that can be called.
#[derive(Debug)]
pub(crate) struct Object {
    stub: Stub,
}

/// The object of the app `id`.
pub(crate) fn app_object(env: &Env, id: &str) -> ApiResult<Object> {
    Ok(Object { stub: env.durable_object(APP)?.get_by_name(id)? })
}

/// The object of a tenant. App ids hold no `/`, so no two pairs share a name.
pub(crate) fn tenant_object(env: &Env, app: &str, tenant: &str) -> ApiResult<Object> {
    Ok(Object { stub: env.durable_object(TENANT)?.get_by_name(&format!("{app}/{tenant}"))? })
}

impl Object {
    /// Calls and waits for the answer.
    pub(crate) async fn call<R: Wire>(&self, call: &impl Wire) -> ApiResult<R> {
        let bytes = wire::encode(call);
        let init = web_sys::RequestInit::new();
        init.set_method("POST");
        init.set_body(&js_sys::Uint8Array::from(bytes.as_slice()).into());
        let mut response = self.stub.fetch_with_request(request(URL, &init)?).await?;
        let bytes = response.bytes().await?;
        wire::decode::<ApiResult<R>>(&bytes).ok_or_else(ApiError::unreadable)?
    }

    /// Hands a WebSocket request over.
    pub(crate) async fn connect(&self, call: &impl Wire) -> ApiResult<Response> {
        use base64ct::{Base64UrlUnpadded, Encoding};
        let headers = Headers::new();
        headers.set("upgrade", "websocket")?;
        headers.set(CALL_HEADER, &Base64UrlUnpadded::encode_string(&wire::encode(call)))?;
        let init = web_sys::RequestInit::new();
        init.set_headers(&headers.0);
        let mut response = self.stub.fetch_with_request(request(URL, &init)?).await?;
        if response.status_code() == 101 {
            return Ok(response);
        }
        let bytes = response.bytes().await?;
        match wire::decode::<ApiResult<()>>(&bytes).ok_or_else(ApiError::unreadable)? {
            Err(error) => Err(error),
            Ok(()) => Err(ApiError::new(Code::Internal, "the live connection was not opened; try again")),
        }
    }
}

/// A request. Made of the platform's own parts: the crate's builder brings nine kilobytes of options along.
pub(crate) fn request(url: &str, init: &web_sys::RequestInit) -> ApiResult<Request> {
    let request = web_sys::Request::new_with_str_and_init(url, init).map_err(worker::Error::from)?;
    Ok(request.into())
}

/// Reads the call of a request that came to an object.
pub(crate) async fn receive<C: Wire>(req: &mut Request) -> ApiResult<C> {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let bytes = match req.headers().get(CALL_HEADER)? {
        Some(header) => {
            Base64UrlUnpadded::decode_vec(&header).map_err(|_| ApiError::new(Code::Internal, "an internal call could not be read"))?
        }
        None => req.bytes().await?,
    };
    wire::decode(&bytes).ok_or_else(ApiError::unreadable)
}

/// An answer's bytes: those of `ApiResult<T>`.
#[expect(clippy::unnecessary_wraps, reason = "the last word of methods that fail")]
pub(crate) fn reply<T: Wire>(value: &T) -> ApiResult<Vec<u8>> {
    Ok(wire::extend(wire::encode(&false), value))
}

/// Sends an object's answer.
pub(crate) fn respond(result: ApiResult<Vec<u8>>) -> worker::Result<Response> {
    let bytes = match result {
        Ok(bytes) => bytes,
        Err(error) => wire::encode(&Err::<(), ApiError>(error)),
    };
    Response::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::de::DeserializeOwned;
    use upcue_engine::wire::made::made;

    /// Whether a value made up of type `T` has the bytes that postcard gives it, and comes back from them.
    fn agrees<T: Wire + Serialize + DeserializeOwned>(choices: &[u8]) -> bool {
        let value: T = made(choices).expect("the maker knows all types");
        let bytes = wire::encode(&value);
        postcard::to_allocvec(&value).is_ok_and(|theirs| theirs == bytes)
            && wire::decode::<T>(&bytes).is_some_and(|again| wire::encode(&again) == bytes)
    }

    proptest! {
        #[test]
        fn calls_and_answers_arrive_as_they_were_sent(choices in prop::collection::vec(any::<u8>(), 0..1_000)) {
            prop_assert!(agrees::<AppCall>(&choices));
            prop_assert!(agrees::<TenantEnvelope>(&choices));
            prop_assert!(agrees::<ApiResult<AppHead>>(&choices));
            prop_assert!(agrees::<(NewApp, NewKey)>(&choices));
            prop_assert!(agrees::<(StoredConfig, CatalogueReport)>(&choices));
            prop_assert!(agrees::<Vec<(StoredEvent, TenantRow)>>(&choices));
            prop_assert!(agrees::<(SnapshotReply, TenantReport)>(&choices));
            prop_assert!(agrees::<DecisionReport>(&choices));
        }
    }
}
