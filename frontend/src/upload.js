// Placeholder is replaced below once the upload protocol is known.
export function startUploads() {}
