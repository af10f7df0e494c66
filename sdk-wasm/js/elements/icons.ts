/** Line drawings of 16 × 16. */
export const CHECK = "M3 8.5l3.2 3.2L13 5";
export const CROSS = "M4 4l8 8M12 4l-8 8";
export const DASH = "M4 8h8";
export const ARROW = "M3 8h10M9 4l4 4-4 4";
