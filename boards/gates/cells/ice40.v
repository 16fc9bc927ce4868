// Cells of the iCE40 that yosys's own models lack, or have in a form that is of no use here.

// 16384 words of 16 bits, one port (Lattice FPGA-TN-02022, SPRAM usage guide). What it gives after a
// write is not said there: here the complement of what it gave, so that nothing can rely on it.
// There is no standby, sleep or power-off in it.
module SB_SPRAM256KA (
    input [13:0] ADDRESS,
    input [15:0] DATAIN,
    input [3:0] MASKWREN,
    input WREN, CHIPSELECT, CLOCK, STANDBY, SLEEP, POWEROFF,
    output reg [15:0] DATAOUT
);
    reg [15:0] mem [0:16383];
    wire writes = CHIPSELECT & WREN;
    always @(posedge CLOCK) begin
        if (writes & MASKWREN[0]) mem[ADDRESS][3:0] <= DATAIN[3:0];
        if (writes & MASKWREN[1]) mem[ADDRESS][7:4] <= DATAIN[7:4];
        if (writes & MASKWREN[2]) mem[ADDRESS][11:8] <= DATAIN[11:8];
        if (writes & MASKWREN[3]) mem[ADDRESS][15:12] <= DATAIN[15:12];
        if (CHIPSELECT) DATAOUT <= WREN ? ~DATAOUT : mem[ADDRESS];
    end
endmodule

// 4096 bits as 256 words of 16, 512 of 8, 1024 of 4 or 2048 of 2, a port to write and one to read
// (Lattice FPGA-TN-02002, memory usage guide). A word that is not 16 bits has the row in the lower
// eight bits of its address; the others choose one of each 2, 4 or 8 neighbours. yosys's model has a
// write port for each bit, which CXXRTL takes very long for.
module SB_RAM40_4K (
    output [15:0] RDATA,
    input RCLK, RCLKE, RE,
    input [10:0] RADDR,
    input WCLK, WCLKE, WE,
    input [10:0] WADDR,
    input [15:0] MASK, WDATA
);
    parameter WRITE_MODE = 0;
    parameter READ_MODE = 0;
    parameter [255:0] INIT_0 = 0;
    parameter [255:0] INIT_1 = 0;
    parameter [255:0] INIT_2 = 0;
    parameter [255:0] INIT_3 = 0;
    parameter [255:0] INIT_4 = 0;
    parameter [255:0] INIT_5 = 0;
    parameter [255:0] INIT_6 = 0;
    parameter [255:0] INIT_7 = 0;
    parameter [255:0] INIT_8 = 0;
    parameter [255:0] INIT_9 = 0;
    parameter [255:0] INIT_A = 0;
    parameter [255:0] INIT_B = 0;
    parameter [255:0] INIT_C = 0;
    parameter [255:0] INIT_D = 0;
    parameter [255:0] INIT_E = 0;
    parameter [255:0] INIT_F = 0;
    localparam [4095:0] INIT = {
        INIT_F, INIT_E, INIT_D, INIT_C, INIT_B, INIT_A, INIT_9, INIT_8, INIT_7, INIT_6,
        INIT_5, INIT_4, INIT_3, INIT_2, INIT_1, INIT_0
    };
    // Neighbours, and at which of the pins of a group the bit is.
    localparam WRITES = 1 << WRITE_MODE, READS = 1 << READ_MODE;
    localparam WRITE_PIN = (WRITES - 1) / 2, READ_PIN = (READS - 1) / 2;

    reg [15:0] memory [0:255];
    integer row;
    initial
        for (row = 0; row < 256; row = row + 1)
            memory[row] = INIT[16 * row +: 16];

    wire [15:0] written, put, taken;
    reg [15:0] got;
    genvar i;
    generate
        for (i = 0; i < 16; i = i + 1) begin
            assign written[i] = (WADDR[10:8] & (WRITES - 1)) == i % WRITES
                                && (WRITE_MODE != 0 || !MASK[i]);
            assign put[i] = WDATA[i / WRITES * WRITES + WRITE_PIN];
            assign taken[i] = (RADDR[10:8] & (READS - 1)) == i % READS;
            if (i % READS == READ_PIN) assign RDATA[i] = |got[i / READS * READS +: READS];
            else assign RDATA[i] = 0;
        end
    endgenerate
    always @(posedge WCLK)
        if (WE & WCLKE) memory[WADDR[7:0]] <= (memory[WADDR[7:0]] & ~written) | (put & written);
    always @(posedge RCLK)
        if (RE & RCLKE) got <= memory[RADDR[7:0]] & taken;
endmodule
