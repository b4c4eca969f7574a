{{ compared_watermarks(ref('decisions')) }}
