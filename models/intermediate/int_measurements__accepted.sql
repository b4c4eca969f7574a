{{ latest_accepted('measurements') }}
