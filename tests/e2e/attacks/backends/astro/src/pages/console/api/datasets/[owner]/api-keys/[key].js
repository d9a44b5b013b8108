export { removed as DELETE } from '$lists';
