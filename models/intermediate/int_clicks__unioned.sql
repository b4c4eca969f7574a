{{ union_sources('clicks') }}
