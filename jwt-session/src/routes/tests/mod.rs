mod defaults;
mod events;
mod modes;
mod openapi;
mod provider_logout;
mod refusals;
mod services;
mod world;
