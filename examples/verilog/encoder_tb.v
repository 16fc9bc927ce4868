// An exported encoder in plain Verilog: `v90 verilog encoder -o encoder.v`, then
//
//     iverilog -g2005 -o encoder_tb encoder_tb.v encoder.v && vvp encoder_tb
//
// Reads configuration words (words.hex: address and data of 16 bits, 22 bits a line) and data octets
// (data.hex), writes PCM octets from the first data frame on, a line each, to octets.hex.
`timescale 1ns / 1ps

module encoder_tb;
  parameter WORDS = 58;
  parameter DATA = 64;
  parameter OCTETS = 60;

  reg clk = 0, rst = 1;
  always #20 clk = ~clk;

  // The word and the octet that are offered; each stays until it is taken.
  reg [21:0] words [0:WORDS - 1];
  reg [7:0] data [0:DATA - 1];
  integer word = 0, octet = 0, sent = 0, cycle = 0, file;
  wire word_ready, octet_ready, pcm_valid;
  wire word_valid = !rst && cycle > 200 && word < WORDS;
  wire octet_valid = !rst && octet < DATA;
  // Payloads as the comment at the head of encoder.v has them.
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
    .o__valid(pcm_valid),
    .o__ready(1'b1),
    .o__payload(pcm),
    .underruns_channel(1'b0)
  );

  initial begin
    $readmemh("words.hex", words);
    $readmemh("data.hex", data);
    file = $fopen("octets.hex", "w");
  end

  always @(posedge clk) begin
    cycle <= cycle + 1;
    if (cycle == 4) rst <= 0;
    if (word_valid && word_ready) word <= word + 1;
    if (octet_valid && octet_ready) octet <= octet + 1;
    // The first data frame under the parameters has start = 1.
    if (!rst && pcm_valid && (sent > 0 || pcm[12])) begin
      $fdisplay(file, "%02x", pcm[8:1]);
      sent <= sent + 1;
      if (sent == OCTETS - 1) $finish;
    end
    if (cycle == 100000) begin
      $display("no %0d octets in 100000 cycles", OCTETS);
      $finish;
    end
  end
endmodule
