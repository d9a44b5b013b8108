export { health as GET, health as POST } from '$lists';
