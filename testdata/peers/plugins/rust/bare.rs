//! The scan as a filter of relay, without the SDK.
#![no_std]

#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

const SIZE: usize = 1 << 17;

#[repr(align(8))]
struct Buffer([u8; SIZE]);

static mut BUFFER: Buffer = Buffer([0; SIZE]);

#[no_mangle]
pub extern "C" fn relay_abi_v1() -> u32 {
    1
}

#[no_mangle]
pub extern "C" fn relay_buffer(least: u32) -> usize {
    if least as usize > SIZE {
        return 0;
    }
    unsafe { core::ptr::addr_of!(BUFFER) as usize }
}

#[no_mangle]
pub extern "C" fn relay_on_event(_len: u32) -> i64 {
    unsafe {
        let start = core::ptr::addr_of!(BUFFER) as *const u8;
        let word = |i: usize| *(start as *const u32).add(i) as usize;
        let payload = core::slice::from_raw_parts(start.add(32 + word(1) + word(2)), word(3));
        payload.iter().any(|&c| c < b' ').into()
    }
}
