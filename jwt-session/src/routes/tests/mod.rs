mod modes;
mod openapi;
mod refusals;
mod services;
mod world;
