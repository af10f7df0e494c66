//! Bytes between Worker, objects, rows and browser: postcard's format (<https://postcard.jamesmunns.com/wire-format>)
//! without serde.
//!
//! Serde costs visitors for every type it reads. With it, frames took the browser 3.7 kB of 16.4 (brotli, November 2026),
//! rows and calls the Worker 16 kB of 274 (gzip). Here a type lists what it consists of beside its declaration. The tests
//! hold reader and writer against postcard, over values made up for every type: the same bytes, the same values.

#[cfg(any(test, feature = "made"))]
pub mod made;
mod primitives;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

/// A type that can be read from bytes and written to them.
pub trait Wire: Sized {
    /// Reads one value.
    fn read(from: &mut Reader<'_>) -> Self;

    /// Appends the value.
    fn write(&self, to: &mut Writer);
}

/// Reads `bytes` as one value and nothing more. Whatever the bytes are, this ends without a panic, and allocates no more
/// than a small multiple of their length.
pub fn decode<T: Wire>(bytes: &[u8]) -> Option<T> {
    let mut reader = Reader { rest: bytes, damaged: false };
    let value = T::read(&mut reader);
    reader.is_done().then_some(value)
}

/// The bytes of `value`.
pub fn encode<T: Wire>(value: &T) -> Vec<u8> {
    extend(Vec::new(), value)
}

/// `bytes` and then those of `value`.
pub fn extend<T: Wire>(bytes: Vec<u8>, value: &T) -> Vec<u8> {
    let mut writer = Writer { bytes };
    value.write(&mut writer);
    writer.bytes
}

/// Bytes that are still to be read.
///
/// What cannot be read is remembered and stands as nothing: zero, empty, the first variant. So the types need no error
/// paths; [`decode`] asks once, at the end.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    damaged: bool,
}

impl<'a> Reader<'a> {
    /// Reads what `bytes` begin with, which has its length before it; what follows is somebody else's.
    pub(crate) fn block(bytes: &'a [u8]) -> Self {
        let mut reader = Self { rest: bytes, damaged: false };
        let length = reader.length();
        reader.rest = reader.take(length);
        reader
    }

    /// What is still to be read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether all was read, and nothing damaged.
    pub(crate) fn is_done(&self) -> bool {
        !self.damaged && self.rest.is_empty()
    }

    /// Gives up: the bytes are not what they should be.
    pub fn refuse(&mut self) {
        self.damaged = true;
        self.rest = &[];
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            self.refuse();
            return &[];
        };
        self.rest = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// Seven bits a byte, lowest first, the eighth set on all but the last; at most `bits` in total.
    fn varint(&mut self, bits: u32) -> u64 {
        if let [byte @ ..0x80, rest @ ..] = self.rest {
            self.rest = rest; // as most are
            return u64::from(*byte);
        }
        let mut value = 0;
        for shift in (0..bits).step_by(7) {
            let byte = self.byte();
            if bits - shift < 7 && byte >> (bits - shift) != 0 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
        }
        self.refuse();
        0
    }

    /// How many elements or bytes follow. None is shorter than a byte, so there are at most as many as there are bytes.
    fn length(&mut self) -> usize {
        let length = usize::try_from(self.varint(usize::BITS)).unwrap_or(usize::MAX);
        if length > self.rest.len() {
            self.refuse();
            return 0;
        }
        length
    }
}

/// Bytes that are being written.
#[derive(Debug)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.bytes.push(number.to_le_bytes()[0]);
    }

    fn length(&mut self, length: usize) {
        self.varint(u64::try_from(length).unwrap_or(u64::MAX));
    }
}

/// Gives a type its bytes: `wire! { struct T { a, b } }` or `wire! { enum T { A, B(value), C { x, y } } }`, with all fields
/// and variants in the order of the declaration. The compiler refuses a list that lacks one.
#[macro_export]
macro_rules! wire {
    (struct $name:ident { $($field:tt),+ $(,)? }) => {
        impl $crate::wire::Wire for $name {
            #[inline(never)] // in one another they are larger, and less alike
            fn read(from: &mut $crate::wire::Reader<'_>) -> Self {
                Self { $($field: $crate::wire::Wire::read(from)),+ }
            }

            fn write(&self, to: &mut $crate::wire::Writer) {
                $($crate::wire::Wire::write(&self.$field, to);)+
            }
        }
    };
    (enum $name:ident { $first:ident $(($value0:ident))? $({ $($field0:ident),+ })?
        $(, $(#[$meta:meta])? $variant:ident $(($value:ident))? $({ $($field:ident),+ })?)* $(,)? }) => {
        impl $crate::wire::Wire for $name {
            #[inline(never)] // in one another they are larger, and less alike
            fn read(from: &mut $crate::wire::Reader<'_>) -> Self {
                let number = <u32 as $crate::wire::Wire>::read(from);
                let mut next = 0;
                $($(#[$meta])? {
                    next += 1;
                    if number == next {
                        $(let $value = $crate::wire::Wire::read(from);)?
                        $($(let $field = $crate::wire::Wire::read(from);)+)?
                        return Self::$variant $(($value))? $({ $($field),+ })?;
                    }
                })*
                if number > next {
                    from.refuse();
                }
                $(let $value0 = $crate::wire::Wire::read(from);)?
                $($(let $field0 = $crate::wire::Wire::read(from);)+)?
                Self::$first $(($value0))? $({ $($field0),+ })?
            }

            fn write(&self, to: &mut $crate::wire::Writer) {
                // Only so that the compiler refuses a list that lacks a variant.
                match self {
                    Self::$first { .. } => {}
                    $($(#[$meta])? Self::$variant { .. } => {})*
                }
                let mut number = 0_u32;
                if let Self::$first $(($value0))? $({ $($field0),+ })? = self {
                    $crate::wire::Wire::write(&number, to);
                    $($crate::wire::Wire::write($value0, to);)?
                    $($($crate::wire::Wire::write($field0, to);)+)?
                }
                $($(#[$meta])? {
                    number += 1;
                    if let Self::$variant $(($value))? $({ $($field),+ })? = self {
                        $crate::wire::Wire::write(&number, to);
                        $($crate::wire::Wire::write($value, to);)?
                        $($($crate::wire::Wire::write($field, to);)+)?
                    }
                })*
            }
        }
    };
}
