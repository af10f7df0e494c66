//! The two kinds of Durable Objects, and the rows they keep.

mod app;
mod rows;
mod tenant;
mod turns;
