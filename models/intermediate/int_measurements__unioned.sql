{{ union_sources('measurements') }}
