//! The page's memory: blocks whose sizes are powers of two, in a list for each size.
//!
//! What is freed waits for the next of its size and is never cut or joined. That wastes less than half, and a page holds little; it is a
//! tenth of the code of an allocator for all purposes.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::UnsafeCell;
use core::ptr::null_mut;

const PAGE: usize = 1 << 16;
/// The smallest block, and how all of them lie.
const LEAST: usize = 16;

unsafe extern "C" {
    /// Where the linker's own data end.
    static __heap_base: u8;
}

/// Free blocks, and what was never used.
pub(crate) struct Blocks(UnsafeCell<State>);

struct State {
    /// By the binary logarithm of their size: the first free block, which begins with the address of the next one.
    free: [*mut u8; 32],
    /// What was never used lies from here
    next: usize,
    /// to here.
    end: usize,
}

// SAFETY: an instance belongs to one thread; its memory is not shared.
unsafe impl Sync for Blocks {}

impl Blocks {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(State { free: [null_mut(); 32], next: 0, end: 0 }))
    }
}

/// The binary logarithm of the size of the block for so many bytes.
fn class(size: usize) -> u32 {
    usize::BITS - (size.max(LEAST) - 1).leading_zeros()
}

impl State {
    fn fresh(&mut self, size: usize) -> *mut u8 {
        if self.next == 0 {
            self.next = (&raw const __heap_base).addr().next_multiple_of(LEAST);
            self.end = memory_size::<0>() * PAGE;
        }
        let lacks = size.saturating_sub(self.end - self.next).div_ceil(PAGE);
        // Nobody else makes this memory grow, so what is new follows what is there.
        if lacks > 0 && memory_grow::<0>(lacks) == usize::MAX {
            return null_mut();
        }
        self.end += lacks * PAGE;
        let block = self.next;
        self.next += size;
        block as *mut u8
    }
}

// SAFETY: a block is handed out once until it is freed, is as large as its class and lies as `LEAST` says; nothing here asks for more
// than that (`alloc` refuses it). No call comes in the middle of another.
unsafe impl GlobalAlloc for Blocks {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let class = class(layout.size());
        if layout.align() > LEAST || class > 30 {
            return null_mut();
        }
        // SAFETY: see above.
        let state = unsafe { &mut *self.0.get() };
        let Some(first) = state.free.get_mut(class as usize) else { return null_mut() };
        if first.is_null() {
            return state.fresh(1 << class);
        }
        let block = *first;
        // SAFETY: a free block begins with the address of the next one.
        *first = unsafe { block.cast::<*mut u8>().read_unaligned() };
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: see above.
        let state = unsafe { &mut *self.0.get() };
        if let Some(first) = state.free.get_mut(class(layout.size()) as usize) {
            // SAFETY: the block is ours again, and no smaller than an address.
            unsafe { block.cast::<*mut u8>().write_unaligned(*first) };
            *first = block;
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if class(layout.size()) == class(size) {
            return block;
        }
        // SAFETY: as the caller promises; the old block holds the smaller of both sizes.
        unsafe {
            let other = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !other.is_null() {
                other.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
            other
        }
    }
}
