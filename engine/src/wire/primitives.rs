//! The types that all others consist of.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Reader, Wire, Writer};

impl Wire for () {
    fn read(_: &mut Reader<'_>) -> Self {}

    fn write(&self, _: &mut Writer) {}
}

impl Wire for u8 {
    fn read(from: &mut Reader<'_>) -> Self {
        from.byte()
    }

    fn write(&self, to: &mut Writer) {
        to.bytes.push(*self);
    }
}

impl Wire for u16 {
    fn read(from: &mut Reader<'_>) -> Self {
        Self::try_from(from.varint(Self::BITS)).unwrap_or(0)
    }

    fn write(&self, to: &mut Writer) {
        to.varint(u64::from(*self));
    }
}

impl Wire for u32 {
    #[inline(never)] // so many callers: a call is shorter
    fn read(from: &mut Reader<'_>) -> Self {
        Self::try_from(from.varint(Self::BITS)).unwrap_or(0)
    }

    fn write(&self, to: &mut Writer) {
        to.varint(u64::from(*self));
    }
}

impl Wire for u64 {
    #[inline(never)] // so many callers: a call is shorter
    fn read(from: &mut Reader<'_>) -> Self {
        from.varint(Self::BITS)
    }

    fn write(&self, to: &mut Writer) {
        to.varint(*self);
    }
}

/// Signed numbers alternate: 0, -1, 1, -2, …
impl Wire for i64 {
    #[inline(never)] // so many callers: a call is shorter
    fn read(from: &mut Reader<'_>) -> Self {
        unzigzag(from.varint(Self::BITS))
    }

    fn write(&self, to: &mut Writer) {
        to.varint((self << 1 ^ self >> 63).cast_unsigned());
    }
}

impl Wire for i32 {
    fn read(from: &mut Reader<'_>) -> Self {
        Self::try_from(unzigzag(from.varint(Self::BITS))).unwrap_or(0)
    }

    fn write(&self, to: &mut Writer) {
        i64::from(*self).write(to);
    }
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

impl Wire for bool {
    #[inline(never)] // so many callers: a call is shorter
    fn read(from: &mut Reader<'_>) -> Self {
        let byte = from.byte();
        if byte > 1 {
            from.refuse();
        }
        byte == 1
    }

    fn write(&self, to: &mut Writer) {
        u8::from(*self).write(to);
    }
}

impl Wire for String {
    fn read(from: &mut Reader<'_>) -> Self {
        let length = from.length();
        let Ok(text) = core::str::from_utf8(from.take(length)) else {
            from.refuse();
            return Self::new();
        };
        text.to_owned()
    }

    fn write(&self, to: &mut Writer) {
        to.length(self.len());
        to.bytes.extend_from_slice(self.as_bytes());
    }
}

impl<T: Wire> Wire for Option<T> {
    fn read(from: &mut Reader<'_>) -> Self {
        bool::read(from).then(|| T::read(from))
    }

    fn write(&self, to: &mut Writer) {
        self.is_some().write(to);
        if let Some(value) = self {
            value.write(to);
        }
    }
}

impl<T: Wire, E: Wire> Wire for Result<T, E> {
    fn read(from: &mut Reader<'_>) -> Self {
        // Variants are counted by varints, which for two of them are the bytes of a bool.
        if bool::read(from) { Err(E::read(from)) } else { Ok(T::read(from)) }
    }

    fn write(&self, to: &mut Writer) {
        self.is_err().write(to);
        match self {
            Ok(value) => value.write(to),
            Err(error) => error.write(to),
        }
    }
}

impl<T: Wire> Wire for Box<T> {
    fn read(from: &mut Reader<'_>) -> Self {
        Self::new(T::read(from))
    }

    fn write(&self, to: &mut Writer) {
        (**self).write(to);
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn read(from: &mut Reader<'_>) -> Self {
        let length = from.length();
        // One allocation, and none of the code that makes lists grow. What is damaged has no length left that promises much.
        (0..length).map(|_| T::read(from)).collect()
    }

    fn write(&self, to: &mut Writer) {
        to.length(self.len());
        for element in self {
            element.write(to);
        }
    }
}

impl<const N: usize> Wire for [u8; N] {
    fn read(from: &mut Reader<'_>) -> Self {
        from.take(N).try_into().unwrap_or([0; N])
    }

    fn write(&self, to: &mut Writer) {
        to.bytes.extend_from_slice(self);
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn read(from: &mut Reader<'_>) -> Self {
        (A::read(from), B::read(from))
    }

    fn write(&self, to: &mut Writer) {
        self.0.write(to);
        self.1.write(to);
    }
}
