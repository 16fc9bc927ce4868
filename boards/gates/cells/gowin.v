// Cells of Gowin's GW1N for which yosys has no contents (Gowin UG285, BSRAM; UG287, DSP).
//
// What is not modelled ends in a module that there is not, which stops yosys with its name.

// 9 x 9 bits, signed or not, without registers and shift chain.
module MULT9X9 (
    input [8:0] A, B, SIA, SIB,
    input ASIGN, BSIGN, CE, CLK, RESET, ASEL, BSEL,
    output [17:0] DOUT,
    output [8:0] SOA, SOB
);
    parameter AREG = 1'b0;
    parameter BREG = 1'b0;
    parameter OUT_REG = 1'b0;
    parameter PIPE_REG = 1'b0;
    parameter ASIGN_REG = 1'b0;
    parameter BSIGN_REG = 1'b0;
    parameter SOA_REG = 1'b0;
    parameter MULT_RESET_MODE = "SYNC";
    generate
        if (AREG || BREG || OUT_REG || PIPE_REG || ASIGN_REG || BSIGN_REG || SOA_REG)
            MULT9X9_registers_are_not_modelled error ();
    endgenerate
    wire signed [17:0] wide_a = {{9{ASIGN & A[8]}}, A};
    wire signed [17:0] wide_b = {{9{BSIGN & B[8]}}, B};
    assign DOUT = wide_a * wide_b;
endmodule

// 18 x 18 bits, signed or not, without registers and shift chain.
module MULT18X18 (
    input [17:0] A, B, SIA, SIB,
    input ASIGN, BSIGN, CE, CLK, RESET, ASEL, BSEL,
    output [35:0] DOUT,
    output [17:0] SOA, SOB
);
    parameter AREG = 1'b0;
    parameter BREG = 1'b0;
    parameter OUT_REG = 1'b0;
    parameter PIPE_REG = 1'b0;
    parameter ASIGN_REG = 1'b0;
    parameter BSIGN_REG = 1'b0;
    parameter SOA_REG = 1'b0;
    parameter MULT_RESET_MODE = "SYNC";
    generate
        if (AREG || BREG || OUT_REG || PIPE_REG || ASIGN_REG || BSIGN_REG || SOA_REG)
            MULT18X18_registers_are_not_modelled error ();
    endgenerate
    wire signed [35:0] wide_a = {{18{ASIGN & A[17]}}, A};
    wire signed [35:0] wide_b = {{18{BSIGN & B[17]}}, B};
    assign DOUT = wide_a * wide_b;
endmodule

// 36 x 36 bits, signed or not, without registers.
module MULT36X36 (
    input [35:0] A, B,
    input ASIGN, BSIGN, CE, CLK, RESET,
    output [71:0] DOUT
);
    parameter AREG = 1'b0;
    parameter BREG = 1'b0;
    parameter OUT0_REG = 1'b0;
    parameter OUT1_REG = 1'b0;
    parameter PIPE_REG = 1'b0;
    parameter ASIGN_REG = 1'b0;
    parameter BSIGN_REG = 1'b0;
    parameter MULT_RESET_MODE = "SYNC";
    generate
        if (AREG || BREG || OUT0_REG || OUT1_REG || PIPE_REG || ASIGN_REG || BSIGN_REG)
            MULT36X36_registers_are_not_modelled error ();
    endgenerate
    wire signed [71:0] wide_a = {{36{ASIGN & A[35]}}, A};
    wire signed [71:0] wide_b = {{36{BSIGN & B[35]}}, B};
    assign DOUT = wide_a * wide_b;
endmodule

// The contents of a block RAM: 64 parameters of so many bits each, and all of them in a row.
`define V90_INIT_RAM(BITS) \
    parameter [BITS-1:0] INIT_RAM_00 = 0; \
    parameter [BITS-1:0] INIT_RAM_01 = 0; \
    parameter [BITS-1:0] INIT_RAM_02 = 0; \
    parameter [BITS-1:0] INIT_RAM_03 = 0; \
    parameter [BITS-1:0] INIT_RAM_04 = 0; \
    parameter [BITS-1:0] INIT_RAM_05 = 0; \
    parameter [BITS-1:0] INIT_RAM_06 = 0; \
    parameter [BITS-1:0] INIT_RAM_07 = 0; \
    parameter [BITS-1:0] INIT_RAM_08 = 0; \
    parameter [BITS-1:0] INIT_RAM_09 = 0; \
    parameter [BITS-1:0] INIT_RAM_0A = 0; \
    parameter [BITS-1:0] INIT_RAM_0B = 0; \
    parameter [BITS-1:0] INIT_RAM_0C = 0; \
    parameter [BITS-1:0] INIT_RAM_0D = 0; \
    parameter [BITS-1:0] INIT_RAM_0E = 0; \
    parameter [BITS-1:0] INIT_RAM_0F = 0; \
    parameter [BITS-1:0] INIT_RAM_10 = 0; \
    parameter [BITS-1:0] INIT_RAM_11 = 0; \
    parameter [BITS-1:0] INIT_RAM_12 = 0; \
    parameter [BITS-1:0] INIT_RAM_13 = 0; \
    parameter [BITS-1:0] INIT_RAM_14 = 0; \
    parameter [BITS-1:0] INIT_RAM_15 = 0; \
    parameter [BITS-1:0] INIT_RAM_16 = 0; \
    parameter [BITS-1:0] INIT_RAM_17 = 0; \
    parameter [BITS-1:0] INIT_RAM_18 = 0; \
    parameter [BITS-1:0] INIT_RAM_19 = 0; \
    parameter [BITS-1:0] INIT_RAM_1A = 0; \
    parameter [BITS-1:0] INIT_RAM_1B = 0; \
    parameter [BITS-1:0] INIT_RAM_1C = 0; \
    parameter [BITS-1:0] INIT_RAM_1D = 0; \
    parameter [BITS-1:0] INIT_RAM_1E = 0; \
    parameter [BITS-1:0] INIT_RAM_1F = 0; \
    parameter [BITS-1:0] INIT_RAM_20 = 0; \
    parameter [BITS-1:0] INIT_RAM_21 = 0; \
    parameter [BITS-1:0] INIT_RAM_22 = 0; \
    parameter [BITS-1:0] INIT_RAM_23 = 0; \
    parameter [BITS-1:0] INIT_RAM_24 = 0; \
    parameter [BITS-1:0] INIT_RAM_25 = 0; \
    parameter [BITS-1:0] INIT_RAM_26 = 0; \
    parameter [BITS-1:0] INIT_RAM_27 = 0; \
    parameter [BITS-1:0] INIT_RAM_28 = 0; \
    parameter [BITS-1:0] INIT_RAM_29 = 0; \
    parameter [BITS-1:0] INIT_RAM_2A = 0; \
    parameter [BITS-1:0] INIT_RAM_2B = 0; \
    parameter [BITS-1:0] INIT_RAM_2C = 0; \
    parameter [BITS-1:0] INIT_RAM_2D = 0; \
    parameter [BITS-1:0] INIT_RAM_2E = 0; \
    parameter [BITS-1:0] INIT_RAM_2F = 0; \
    parameter [BITS-1:0] INIT_RAM_30 = 0; \
    parameter [BITS-1:0] INIT_RAM_31 = 0; \
    parameter [BITS-1:0] INIT_RAM_32 = 0; \
    parameter [BITS-1:0] INIT_RAM_33 = 0; \
    parameter [BITS-1:0] INIT_RAM_34 = 0; \
    parameter [BITS-1:0] INIT_RAM_35 = 0; \
    parameter [BITS-1:0] INIT_RAM_36 = 0; \
    parameter [BITS-1:0] INIT_RAM_37 = 0; \
    parameter [BITS-1:0] INIT_RAM_38 = 0; \
    parameter [BITS-1:0] INIT_RAM_39 = 0; \
    parameter [BITS-1:0] INIT_RAM_3A = 0; \
    parameter [BITS-1:0] INIT_RAM_3B = 0; \
    parameter [BITS-1:0] INIT_RAM_3C = 0; \
    parameter [BITS-1:0] INIT_RAM_3D = 0; \
    parameter [BITS-1:0] INIT_RAM_3E = 0; \
    parameter [BITS-1:0] INIT_RAM_3F = 0;
`define V90_INIT_OF_RAM \
    {INIT_RAM_3F, INIT_RAM_3E, INIT_RAM_3D, INIT_RAM_3C, INIT_RAM_3B, INIT_RAM_3A, INIT_RAM_39, \
    INIT_RAM_38, INIT_RAM_37, INIT_RAM_36, INIT_RAM_35, INIT_RAM_34, INIT_RAM_33, INIT_RAM_32, \
    INIT_RAM_31, INIT_RAM_30, INIT_RAM_2F, INIT_RAM_2E, INIT_RAM_2D, INIT_RAM_2C, INIT_RAM_2B, \
    INIT_RAM_2A, INIT_RAM_29, INIT_RAM_28, INIT_RAM_27, INIT_RAM_26, INIT_RAM_25, INIT_RAM_24, \
    INIT_RAM_23, INIT_RAM_22, INIT_RAM_21, INIT_RAM_20, INIT_RAM_1F, INIT_RAM_1E, INIT_RAM_1D, \
    INIT_RAM_1C, INIT_RAM_1B, INIT_RAM_1A, INIT_RAM_19, INIT_RAM_18, INIT_RAM_17, INIT_RAM_16, \
    INIT_RAM_15, INIT_RAM_14, INIT_RAM_13, INIT_RAM_12, INIT_RAM_11, INIT_RAM_10, INIT_RAM_0F, \
    INIT_RAM_0E, INIT_RAM_0D, INIT_RAM_0C, INIT_RAM_0B, INIT_RAM_0A, INIT_RAM_09, INIT_RAM_08, \
    INIT_RAM_07, INIT_RAM_06, INIT_RAM_05, INIT_RAM_04, INIT_RAM_03, INIT_RAM_02, INIT_RAM_01, \
    INIT_RAM_00}

// Port A writes, port B reads, words of 1, 2, 4, 8, 16 or 32 bits; one clock, no output register.
module SDPB (
    input CLKA, CEA, CLKB, CEB, OCE, RESETA, RESETB,
    input [13:0] ADA, ADB,
    input [31:0] DI,
    input [2:0] BLKSELA, BLKSELB,
    output [31:0] DO
);
    parameter READ_MODE = 1'b0;
    parameter BIT_WIDTH_0 = 32;
    parameter BIT_WIDTH_1 = 32;
    parameter [2:0] BLK_SEL_0 = 3'b000;
    parameter [2:0] BLK_SEL_1 = 3'b000;
    parameter RESET_MODE = "SYNC";
    `V90_INIT_RAM(256)
    generate
        if (READ_MODE) SDPB_output_registers_are_not_modelled error ();
    endgenerate

    localparam [16383:0] INIT = `V90_INIT_OF_RAM;
    v90_ram #(.LANE(8), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .INIT(INIT),
        .ASYNC(RESET_MODE == "ASYNC")) ram (
        .clk(CLKA), .en_a(CEA & BLKSELA == BLK_SEL_0), .we_a(1'b1), .rst_a(1'b0), .addr_a(ADA),
        .be_a(ADA[3:0]), .in_a(DI), .en_b(CEB & BLKSELB == BLK_SEL_1), .we_b(1'b0), .rst_b(RESETB),
        .addr_b(ADB), .be_b(4'b1111), .in_b(32'b0), .out_b(DO)
    );
endmodule

// Port A writes, port B reads, words of 9, 18 or 36 bits; one clock, no output register.
module SDPX9B (
    input CLKA, CEA, CLKB, CEB, OCE, RESETA, RESETB,
    input [13:0] ADA, ADB,
    input [35:0] DI,
    input [2:0] BLKSELA, BLKSELB,
    output [35:0] DO
);
    parameter READ_MODE = 1'b0;
    parameter BIT_WIDTH_0 = 36;
    parameter BIT_WIDTH_1 = 36;
    parameter [2:0] BLK_SEL_0 = 3'b000;
    parameter [2:0] BLK_SEL_1 = 3'b000;
    parameter RESET_MODE = "SYNC";
    `V90_INIT_RAM(288)
    generate
        if (READ_MODE) SDPX9B_output_registers_are_not_modelled error ();
    endgenerate

    localparam [18431:0] INIT = `V90_INIT_OF_RAM;
    v90_ram #(.LANE(9), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .INIT(INIT),
        .ASYNC(RESET_MODE == "ASYNC")) ram (
        .clk(CLKA), .en_a(CEA & BLKSELA == BLK_SEL_0), .we_a(1'b1), .rst_a(1'b0), .addr_a(ADA),
        .be_a(ADA[3:0]), .in_a(DI), .en_b(CEB & BLKSELB == BLK_SEL_1), .we_b(1'b0), .rst_b(RESETB),
        .addr_b(ADB), .be_b(4'b1111), .in_b(36'b0), .out_b(DO)
    );
endmodule

// Two ports that read and write, words of 1, 2, 4, 8 or 16 bits; one clock, no output registers.
module DPB (
    input CLKA, CEA, CLKB, CEB, OCEA, OCEB, RESETA, RESETB, WREA, WREB,
    input [13:0] ADA, ADB,
    input [15:0] DIA, DIB,
    input [2:0] BLKSELA, BLKSELB,
    output [15:0] DOA, DOB
);
    parameter READ_MODE0 = 1'b0;
    parameter READ_MODE1 = 1'b0;
    parameter [1:0] WRITE_MODE0 = 2'b00;
    parameter [1:0] WRITE_MODE1 = 2'b00;
    parameter BIT_WIDTH_0 = 16;
    parameter BIT_WIDTH_1 = 16;
    parameter [2:0] BLK_SEL_0 = 3'b000;
    parameter [2:0] BLK_SEL_1 = 3'b000;
    parameter RESET_MODE = "SYNC";
    `V90_INIT_RAM(256)
    generate
        if (READ_MODE0 || READ_MODE1) DPB_output_registers_are_not_modelled error ();
    endgenerate

    localparam [16383:0] INIT = `V90_INIT_OF_RAM;
    wire [31:0] outa, outb;
    assign DOA = outa[15:0], DOB = outb[15:0];
    v90_ram #(
        .LANE(8), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .INIT(INIT), .MODE_A(WRITE_MODE0),
        .MODE_B(WRITE_MODE1), .ASYNC(RESET_MODE == "ASYNC")
    ) ram (
        .clk(CLKA), .en_a(CEA & BLKSELA == BLK_SEL_0), .we_a(WREA), .rst_a(RESETA), .addr_a(ADA),
        .be_a(ADA[3:0]), .in_a({16'b0, DIA}), .out_a(outa),
        .en_b(CEB & BLKSELB == BLK_SEL_1), .we_b(WREB), .rst_b(RESETB), .addr_b(ADB),
        .be_b(ADB[3:0]), .in_b({16'b0, DIB}), .out_b(outb)
    );
endmodule

// Two ports that read and write, words of 9 or 18 bits; one clock, no output registers.
module DPX9B (
    input CLKA, CEA, CLKB, CEB, OCEA, OCEB, RESETA, RESETB, WREA, WREB,
    input [13:0] ADA, ADB,
    input [17:0] DIA, DIB,
    input [2:0] BLKSELA, BLKSELB,
    output [17:0] DOA, DOB
);
    parameter READ_MODE0 = 1'b0;
    parameter READ_MODE1 = 1'b0;
    parameter [1:0] WRITE_MODE0 = 2'b00;
    parameter [1:0] WRITE_MODE1 = 2'b00;
    parameter BIT_WIDTH_0 = 18;
    parameter BIT_WIDTH_1 = 18;
    parameter [2:0] BLK_SEL_0 = 3'b000;
    parameter [2:0] BLK_SEL_1 = 3'b000;
    parameter RESET_MODE = "SYNC";
    `V90_INIT_RAM(288)
    generate
        if (READ_MODE0 || READ_MODE1) DPX9B_output_registers_are_not_modelled error ();
    endgenerate

    localparam [18431:0] INIT = `V90_INIT_OF_RAM;
    wire [35:0] outa, outb;
    assign DOA = outa[17:0], DOB = outb[17:0];
    v90_ram #(
        .LANE(9), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .INIT(INIT), .MODE_A(WRITE_MODE0),
        .MODE_B(WRITE_MODE1), .ASYNC(RESET_MODE == "ASYNC")
    ) ram (
        .clk(CLKA), .en_a(CEA & BLKSELA == BLK_SEL_0), .we_a(WREA), .rst_a(RESETA), .addr_a(ADA),
        .be_a(ADA[3:0]), .in_a({18'b0, DIA}), .out_a(outa),
        .en_b(CEB & BLKSELB == BLK_SEL_1), .we_b(WREB), .rst_b(RESETB), .addr_b(ADB),
        .be_b(ADB[3:0]), .in_b({18'b0, DIB}), .out_b(outb)
    );
endmodule

// One port, words of 1, 2, 4, 8, 16 or 32 bits; no output register.
module SP (
    input CLK, CE, OCE, RESET, WRE,
    input [13:0] AD,
    input [31:0] DI,
    input [2:0] BLKSEL,
    output [31:0] DO
);
    parameter READ_MODE = 1'b0;
    parameter [1:0] WRITE_MODE = 2'b00;
    parameter BIT_WIDTH = 32;
    parameter [2:0] BLK_SEL = 3'b000;
    parameter RESET_MODE = "SYNC";
    `V90_INIT_RAM(256)
    generate
        if (READ_MODE) SP_output_registers_are_not_modelled error ();
    endgenerate

    localparam [16383:0] INIT = `V90_INIT_OF_RAM;
    v90_ram #(.LANE(8), .WIDTH_A(BIT_WIDTH), .INIT(INIT), .MODE_A(WRITE_MODE),
        .ASYNC(RESET_MODE == "ASYNC")) ram (
        .clk(CLK), .en_a(CE & BLKSEL == BLK_SEL), .we_a(WRE), .rst_a(RESET), .addr_a(AD),
        .be_a(AD[3:0]), .in_a(DI), .out_a(DO), .en_b(1'b0), .we_b(1'b0), .rst_b(1'b0),
        .addr_b(14'b0), .be_b(4'b0000), .in_b(32'b0)
    );
endmodule

// One port, words of 9, 18 or 36 bits; no output register.
module SPX9 (
    input CLK, CE, OCE, RESET, WRE,
    input [13:0] AD,
    input [35:0] DI,
    input [2:0] BLKSEL,
    output [35:0] DO
);
    parameter READ_MODE = 1'b0;
    parameter [1:0] WRITE_MODE = 2'b00;
    parameter BIT_WIDTH = 36;
    parameter [2:0] BLK_SEL = 3'b000;
    parameter RESET_MODE = "SYNC";
    `V90_INIT_RAM(288)
    generate
        if (READ_MODE) SPX9_output_registers_are_not_modelled error ();
    endgenerate

    localparam [18431:0] INIT = `V90_INIT_OF_RAM;
    v90_ram #(.LANE(9), .WIDTH_A(BIT_WIDTH), .INIT(INIT), .MODE_A(WRITE_MODE),
        .ASYNC(RESET_MODE == "ASYNC")) ram (
        .clk(CLK), .en_a(CE & BLKSEL == BLK_SEL), .we_a(WRE), .rst_a(RESET), .addr_a(AD),
        .be_a(AD[3:0]), .in_a(DI), .out_a(DO), .en_b(1'b0), .we_b(1'b0), .rst_b(1'b0),
        .addr_b(14'b0), .be_b(4'b0000), .in_b(36'b0)
    );
endmodule
