//! Expressions: a typed subset of CEL, the Common Expression Language (<https://github.com/google/cel-spec>).
//!
//! Two stages. *Source* is what people write; the edge parses and type-checks it ([`compile`], feature `edge`). The
//! *program* is flat, validated and cannot fail; both sides evaluate it ([`Program::eval`]) without allocating. An error at
//! run time (division by zero, a limit that does not exist) is a value, [`Value::Unknown`], and spreads as CEL's errors do:
//! `false && unknown` is `false`, `true || unknown` is `true`, in either order.
//!
//! Between the two lies the *residual* ([`Program::residual`]): what is left for the browser once everything that only the edge
//! knows is settled.

#[cfg(feature = "edge")]
mod check;
#[cfg(feature = "edge")]
mod code;
mod eval;
#[cfg(feature = "edge")]
mod functions;
#[cfg(feature = "edge")]
mod lexer;
#[cfg(feature = "edge")]
mod lists;
#[cfg(feature = "edge")]
mod literals;
#[cfg(feature = "edge")]
mod loops;
#[cfg(feature = "edge")]
mod parser;
#[cfg(feature = "edge")]
mod parts;
mod program;
#[cfg(feature = "edge")]
mod residual;
#[cfg(feature = "edge")]
mod strings;
#[cfg(feature = "edge")]
mod texts;
#[cfg(feature = "edge")]
mod times;
mod value;

#[cfg(feature = "edge")]
pub use check::{ExprProblem, Names, compile, compile_any};
pub use eval::Lookup;
pub use program::{Op, Program};
#[cfg(feature = "edge")]
pub use residual::{Settle, Settled};
#[cfg(feature = "edge")]
pub use value::Type;
pub use value::Value;
