# frozen_string_literal: true

# ruby-jwt, of Debian's package `ruby-jwt`. One JSON request a line on stdin, one JSON answer a line on stdout, as
# README.md says. `--self-test` checks library and driver instead.

require 'json'
require 'jwt'
require 'securerandom'

NAME = 'ruby-jwt'

# Names to try. What the library supports is what it can sign and verify, not what it says.
CANDIDATES = %w[
  HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 ES256K
  EdDSA Ed25519 Ed448 ML-DSA-44 ML-DSA-65 ML-DSA-87
].freeze
CURVES = { 'ES256' => 'prime256v1', 'ES384' => 'secp384r1', 'ES512' => 'secp521r1', 'ES256K' => 'secp256k1' }.freeze
CLAIMS = { 'iss' => 'https://id.example.com/', 'aud' => 'api', 'sub' => 'alice', 'exp' => 4_102_444_800 }.freeze
EXPECTED = { 'issuer' => CLAIMS['iss'], 'audience' => 'api' }.freeze

# JSON text that is to be signed as it stands: the library asks its payload for its JSON.
Text = Struct.new(:text) do
  def to_json(*)
    text
  end
end

def decode(text)
  text.tr('-_', '+/').unpack1('m')
end

def base64url(bytes)
  [bytes].pack('m0').tr('+/', '-_').delete('=')
end

def key_of(request)
  jwk = request['private_jwk'] || request['public_jwk']
  return JWT::JWK.import(jwk).keypair if jwk

  pem = request['private_pem'] || request['public_pem']
  return OpenSSL::PKey.read(pem) if pem

  decode(request.fetch('secret_base64url'))
end

def sign(request)
  payload = request.key?('claims_text') ? Text.new(request['claims_text']) : request['claims']
  JWT.encode(payload, key_of(request), request['algorithm'], request.fetch('header', {}))
end

# What the request leaves out stays at the library's default.
def verify(request)
  options = { algorithm: request['algorithm'] }
  options.update(iss: request['issuer'], verify_iss: true) if request['issuer']
  options.update(aud: request['audience'], verify_aud: true) if request['audience']
  options[:jwks] = request['jwks'] if request['jwks']
  key = request['jwks'] ? nil : key_of(request)
  begin
    claims, = JWT.decode(request['token'], key, true, options)
    { valid: true, claims: claims }
  rescue JWT::DecodeError => e
    { valid: false, error: describe(e) }
  end
end

# It leaves out leading zeros of `d` (RFC 7518 section 6.2.2.1 keeps them): `generate_short`.
def generate(algorithm)
  loop do
    made = generate_any(algorithm)
    return made unless short?(made)
  end
end

def generate_short(algorithm)
  loop do
    made = generate_any(algorithm)
    return made if short?(made)
  end
end

def short?(made)
  jwk = made.first[:sign][:private_jwk]
  !jwk.nil? && jwk[:kty] == 'EC' && jwk[:d].length != jwk[:x].length
end

def generate_any(algorithm)
  if algorithm.start_with?('HS')
    secret = { secret_base64url: base64url(SecureRandom.bytes(64)) }
    # Its JWKs of type `oct` hold the secret itself in `k`, not base64url (RFC 7518 section 6.4.1).
    return [{ form: 'secret', sign: secret, verify: secret }]
  end

  private_key = key_pair(algorithm)
  jwk = JWT::JWK.new(private_key)
  private_jwk, public_jwk = [true, false].map { |secret| jwk.export(include_private: secret).reject { |name| name == :kid } }
  [
    { form: 'jwk', sign: { private_jwk: private_jwk }, verify: { public_jwk: public_jwk } },
    { form: 'pem', sign: { private_pem: private_key.private_to_pem }, verify: { public_pem: private_key.public_to_pem } }
  ]
end

def key_pair(algorithm)
  return OpenSSL::PKey::EC.generate(CURVES[algorithm]) if CURVES.key?(algorithm)
  return rsa(algorithm) if algorithm.start_with?('RS', 'PS')

  OpenSSL::PKey.generate_key(algorithm == 'EdDSA' ? 'ED25519' : algorithm)
end

# Two keys serve the six algorithms of RSA, in turn: making one takes a third of a second.
def rsa(algorithm)
  @rsa ||= {}
  @rsa[algorithm.start_with?('P') == algorithm.end_with?('384')] ||= OpenSSL::PKey::RSA.generate(2048)
end

def thumbprint(public_jwk)
  JWT::JWK::Thumbprint.new(JWT::JWK.import(public_jwk)).to_s
end

# RSASSA-PSS by OpenSSL itself, for salts that no JWT library makes, and to measure those that they make.
def sign_with_salt(request)
  hash = request['algorithm'].sub('PS', 'SHA')
  head = request.fetch('header', {}).merge('alg' => request['algorithm'])
  text = [head, request['claims']].map { |part| base64url(JSON.generate(part)) }.join('.')
  key = OpenSSL::PKey.read(request['private_pem'])
  signature = key.sign_pss(hash, text, salt_length: request['salt_length'], mgf1_hash: hash)
  "#{text}.#{base64url(signature)}"
end

def salt_length(request)
  hash = request['algorithm'].sub('PS', 'SHA')
  text, _, signature = request['token'].rpartition('.')
  signature = decode(signature)
  key = OpenSSL::PKey.read(request['public_pem'])
  # The longest salt is the modulus less the hash and two bytes.
  (0..222).find { |length| key.verify_pss(hash, signature, text, salt_length: length, mgf1_hash: hash) } ||
    raise('no salt length fits the signature')
end

def algorithms
  reasons = CANDIDATES.to_h { |name| [name, obstacle(name)] }
  { algorithms: reasons.select { |_, reason| reason.nil? }.keys, absent: reasons.compact }
end

# Why the library cannot sign and verify with the algorithm; nil where it can.
def obstacle(algorithm)
  key = plain(generate(algorithm).first)
  token = sign(key['sign'].merge('algorithm' => algorithm, 'claims' => CLAIMS))
  outcome = verify(key['verify'].merge(EXPECTED, 'algorithm' => algorithm, 'token' => token))
  return outcome[:error] unless outcome[:valid]

  found = head_of(token)['alg']
  found == algorithm ? nil : "signed with alg #{found}"
rescue StandardError, NotImplementedError => e
  describe(e)
end

def head_of(token)
  JSON.parse(decode(token.split('.').first))
end

# As it is after a journey through JSON.
def plain(value)
  JSON.parse(JSON.generate(value))
end

def answer(request)
  case request['op']
  when 'about' then { library: NAME, version: debian_version, runtime: "Ruby #{RUBY_VERSION}" }
  when 'generate' then { keys: generate(request['algorithm']) }
  when 'generate_short' then { keys: generate_short(request['algorithm']) }
  when 'thumbprint' then { thumbprint: thumbprint(request['public_jwk']) }
  when 'sign' then { token: sign(request) }
  when 'sign_with_salt' then { token: sign_with_salt(request) }
  when 'salt_length' then { salt_length: salt_length(request) }
  when 'verify' then verify(request)
  when 'algorithms' then algorithms
  else raise ArgumentError, "unknown op #{request['op']}"
  end
end

def debian_version
  IO.popen(['dpkg-query', '--show', '--showformat=${Version}', NAME], &:read)
end

def describe(error)
  "#{error.class}: #{error.message.lines.first&.chomp}"
end

def safely(request)
  answer(request)
rescue StandardError => e
  { error: describe(e) } # the caller decides what a failure means
end

# Accepted claims that JSON cannot hold, such as text that is not UTF-8, are left out.
def written(response)
  JSON.generate(response)
rescue JSON::GeneratorError
  JSON.generate(response.merge(claims: nil))
end

def check(condition, *what)
  abort("self-test failed: #{what}") unless condition
end

def self_test
  works = algorithms[:algorithms]
  check(works.include?('RS256') && works.include?('ES256'), works)
  works.each do |algorithm|
    generate(algorithm).each { |key| self_test_of(algorithm, plain(key)) }
  end
  check(safely('op' => 'unknown')[:error], 'unknown operation')
  check(safely('op' => 'sign', 'algorithm' => 'HS256', 'claims' => {})[:error], 'no key')
end

def self_test_of(algorithm, key)
  what = [algorithm, key['form']]
  how = { 'op' => 'sign', 'algorithm' => algorithm, 'claims' => CLAIMS, 'header' => { 'kid' => 'k1' } }
  signed = safely(key['sign'].merge(how))
  check(signed[:token], what, signed)
  check(head_of(signed[:token])['kid'] == 'k1', what)

  ask = key['verify'].merge(EXPECTED, 'op' => 'verify', 'algorithm' => algorithm, 'token' => signed[:token])
  check(safely(ask) == { valid: true, claims: CLAIMS }, what)
  head, payload, signature = signed[:token].split('.')
  other = base64url(JSON.generate(CLAIMS.merge('sub' => 'mallory')))
  check(other != payload, what)
  [{ 'token' => "#{head}.#{other}.#{signature}" }, { 'audience' => 'other' }, { 'issuer' => 'https://x.example/' }].each do |change|
    check(safely(ask.merge(change))[:valid] == false, what, change)
  end
end

if ARGV.include?('--self-test')
  self_test
else
  $stdout.sync = true
  $stdin.set_encoding(Encoding::UTF_8)
  $stdin.each_line do |line|
    next if line.strip.empty?

    response = begin
      request = JSON.parse(line)
      { id: request['id'], **safely(request) }
    rescue JSON::ParserError => e
      { error: describe(e) }
    end
    puts written(response)
  end
end
