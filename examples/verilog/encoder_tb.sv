// A bench around an encoder that `v90 verilog encoder -o encoder.v` wrote. `make` in this folder
// makes what it reads and runs it.
//
// words.hex:  configuration words, 22 bits each: data of 16 bits above an address of 6
// data.hex:   data octets
// octets.hex: the PCM octets that must come out, from the first data frame on
//
// It ends with an error, and so with an exit status, at the first octet that differs, and when too
// few octets come.
`timescale 1ns / 1ps

module encoder_tb;
  parameter WORDS = 58;
  parameter DATA = 64;
  parameter OCTETS = 60;
  parameter CYCLES = 100000;

  reg clk = 0, rst = 1;
  always #20 clk = ~clk;

  // The word and the octet that are offered; each stays until it is taken.
  reg [21:0] words [0:WORDS - 1];
  reg [7:0] data [0:DATA - 1];
  reg [7:0] octets [0:OCTETS - 1];
  integer word = 0, octet = 0, received = 0, cycle = 0;
  wire word_ready, octet_ready, pcm_valid;
  wire word_valid = !rst && cycle > 200 && word < WORDS;
  wire octet_valid = !rst && octet < DATA;
  // Payloads as the comment at the head of encoder.v has them. The channel is always 0.
  wire [22:0] word_payload = {words[word], 1'b0};  // data, address, channel
  wire [8:0] octet_payload = {data[octet], 1'b0};  // octet, channel
  wire [12:0] pcm;  // start, interval, octet, channel

  v90_encoder encoder (
    .clk(clk),
    .rst(rst),
    .i_configuration__valid(word_valid),
    .i_configuration__ready(word_ready),
    .i_configuration__payload(word_payload),
    .i_data__valid(octet_valid),
    .i_data__ready(octet_ready),
    .i_data__payload(octet_payload),
    .look(1'b0),
    .room(),
    .o__valid(pcm_valid),
    .o__ready(1'b1),
    .o__payload(pcm),
    .underruns_channel(1'b0),
    .underruns()
  );

  initial begin
    $readmemh("words.hex", words);
    $readmemh("data.hex", data);
    $readmemh("octets.hex", octets);
  end

  always @(posedge clk) begin
    cycle <= cycle + 1;
    if (cycle == 4) rst <= 0;
    if (word_valid && word_ready) word <= word + 1;
    if (octet_valid && octet_ready) octet <= octet + 1;
    // The first data frame under the parameters has start = 1.
    if (!rst && pcm_valid && (received > 0 || pcm[12])) begin
      if (pcm[8:1] !== octets[received])
        $fatal(1, "octet %0d is %02x, not %02x", received, pcm[8:1], octets[received]);
      received <= received + 1;
      if (received == OCTETS - 1) begin
        $display("%0d octets, all as the model has them", OCTETS);
        $finish;
      end
    end
    if (cycle == CYCLES) $fatal(1, "%0d of %0d octets in %0d cycles", received, OCTETS, CYCLES);
  end
endmodule
