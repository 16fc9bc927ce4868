// A block RAM of four lanes, 512 rows deep, with two ports; the vendors' block RAMs are made of it.
//
// LANE: bits of a lane, 8 or 9. WIDTH_A, WIDTH_B: bits of a port, 1, 2, 4, LANE, 2 LANE or 4 LANE.
// An address is in bits of an 8-bit lane: its upper nine are the row, the next two the lane, the
// lowest three the bit; narrower than a lane, only a lane's lower 8 bits can be reached. Wider than a
// lane, be_a and be_b enable lanes, counted from the word's lowest one.
// MODE_A, MODE_B: what a port that writes gives in that cycle: 0 what it gave before, 1 what is
// written, 2 what was there. Reset, to 0, does not wait for enable; it is synchronous, or with ASYNC
// it is not. RESET_BLOCKS: no write while it lasts.
//
// Both ports have the same clock. The vendors do not say what a port gives that reads a lane while
// the other one writes it: here the complement of what was there, so that nothing can rely on it.
// The same is written where both write a lane.

module v90_ram #(
    parameter LANE = 9,
    parameter WIDTH_A = 36,
    parameter WIDTH_B = 36,
    parameter MODE_A = 0,
    parameter MODE_B = 0,
    parameter RESET_BLOCKS = 0,
    parameter ASYNC = 0,
    parameter [2048 * LANE - 1:0] INIT = 0
) (
    input clk,
    input en_a, we_a, rst_a,
    input [13:0] addr_a,
    input [3:0] be_a,
    input [4 * LANE - 1:0] in_a,
    output reg [4 * LANE - 1:0] out_a,
    input en_b, we_b, rst_b,
    input [13:0] addr_b,
    input [3:0] be_b,
    input [4 * LANE - 1:0] in_b,
    output reg [4 * LANE - 1:0] out_b
);
    localparam ROW = 4 * LANE;

    reg [ROW - 1:0] mem [0:511];
    integer i;
    generate
        if (INIT != 0)
            initial
                for (i = 0; i < 512; i = i + 1)
                    mem[i] = INIT[i * ROW +: ROW];
    endgenerate
    initial begin
        out_a = 0;
        out_b = 0;
    end

    // Lanes that a port reaches, of four, and the bits of the row.
    function [3:0] lanes_of(input integer width, input [13:0] addr, input [3:0] be);
        if (width == 4 * LANE) lanes_of = be;
        else if (width == 2 * LANE) lanes_of = addr[4] ? {be[1:0], 2'b00} : {2'b00, be[1:0]};
        else lanes_of = 4'b0001 << addr[4:3];
    endfunction
    function [ROW - 1:0] lanes_to_bits(input [3:0] lanes);
        lanes_to_bits = {{LANE{lanes[3]}}, {LANE{lanes[2]}}, {LANE{lanes[1]}}, {LANE{lanes[0]}}};
    endfunction
    function [5:0] shift_of(input integer width, input [13:0] addr);
        if (width == 4 * LANE) shift_of = 0;
        else if (width == 2 * LANE) shift_of = addr[4] ? 2 * LANE : 0;
        else if (width == LANE) shift_of = addr[4:3] * LANE;
        else shift_of = addr[4:3] * LANE + (addr[2:0] & ~(width - 1));
    endfunction
    localparam [ROW - 1:0] MASK_A = {ROW{1'b1}} >> (ROW - WIDTH_A);
    localparam [ROW - 1:0] MASK_B = {ROW{1'b1}} >> (ROW - WIDTH_B);

    wire [8:0] row_a = addr_a[13:5], row_b = addr_b[13:5];
    wire [5:0] shift_a = shift_of(WIDTH_A, addr_a), shift_b = shift_of(WIDTH_B, addr_b);
    wire writes_a = en_a & we_a & ~(RESET_BLOCKS & rst_a);
    wire writes_b = en_b & we_b & ~(RESET_BLOCKS & rst_b);
    wire [3:0] lanes_a = writes_a ? lanes_of(WIDTH_A, addr_a, be_a) : 4'b0000;
    wire [3:0] lanes_b = writes_b ? lanes_of(WIDTH_B, addr_b, be_b) : 4'b0000;
    wire [3:0] from_b = row_a == row_b ? lanes_b : 4'b0000;
    wire [3:0] from_a = row_a == row_b ? lanes_a : 4'b0000;
    wire [ROW - 1:0] was_a = mem[row_a], was_b = mem[row_b];
    wire [ROW - 1:0] bits_a = (MASK_A << shift_a) & lanes_to_bits(lanes_a);
    wire [ROW - 1:0] bits_b = (MASK_B << shift_b) & lanes_to_bits(lanes_b);
    wire [ROW - 1:0] is_a = (was_a & ~bits_a) | ((in_a << shift_a) & bits_a);
    wire [ROW - 1:0] is_b = (was_b & ~bits_b) | ((in_b << shift_b) & bits_b);
    wire [ROW - 1:0] put_a = is_a ^ lanes_to_bits(from_b), put_b = is_b ^ lanes_to_bits(from_a);
    wire [ROW - 1:0] get_a = (MODE_A == 1 ? is_a : was_a) ^ lanes_to_bits(from_b);
    wire [ROW - 1:0] get_b = (MODE_B == 1 ? is_b : was_b) ^ lanes_to_bits(from_a);

    always @(posedge clk) begin
        if (lanes_a[0]) mem[row_a][0 * LANE +: LANE] <= put_a[0 * LANE +: LANE];
        if (lanes_a[1]) mem[row_a][1 * LANE +: LANE] <= put_a[1 * LANE +: LANE];
        if (lanes_a[2]) mem[row_a][2 * LANE +: LANE] <= put_a[2 * LANE +: LANE];
        if (lanes_a[3]) mem[row_a][3 * LANE +: LANE] <= put_a[3 * LANE +: LANE];
        if (lanes_b[0]) mem[row_b][0 * LANE +: LANE] <= put_b[0 * LANE +: LANE];
        if (lanes_b[1]) mem[row_b][1 * LANE +: LANE] <= put_b[1 * LANE +: LANE];
        if (lanes_b[2]) mem[row_b][2 * LANE +: LANE] <= put_b[2 * LANE +: LANE];
        if (lanes_b[3]) mem[row_b][3 * LANE +: LANE] <= put_b[3 * LANE +: LANE];
    end

    wire gives_a = en_a & ~(we_a & MODE_A == 0), gives_b = en_b & ~(we_b & MODE_B == 0);
    generate
        if (ASYNC) begin
            always @(posedge clk, posedge rst_a)
                if (rst_a) out_a <= 0;
                else if (gives_a) out_a <= (get_a >> shift_a) & MASK_A;
            always @(posedge clk, posedge rst_b)
                if (rst_b) out_b <= 0;
                else if (gives_b) out_b <= (get_b >> shift_b) & MASK_B;
        end else
            always @(posedge clk) begin
                if (rst_a) out_a <= 0;
                else if (gives_a) out_a <= (get_a >> shift_a) & MASK_A;
                if (rst_b) out_b <= 0;
                else if (gives_b) out_b <= (get_b >> shift_b) & MASK_B;
            end
    endgenerate
endmodule
