/** GPIO by the kernel's character device (`/dev/gpiochip*`, uAPI v2): Linux 5.10 or newer. */
export { findLine, type Chip, type FoundLine, type WantedLine } from './chips.ts'
export { openGpio, type GpioLines, type LineConfig } from './gpio.ts'
export { linuxKernel, type GpioKernel } from './kernel.ts'
export { listChips } from './list-chips.ts'
