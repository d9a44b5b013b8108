export { events as GET } from '$lists';
