// What nextpnr makes of an ECP5's cells (Lattice FPGA-DS-02012, PFU): half a slice's combinational
// part, and the writing side of a slice in distributed RAM mode.

module TRELLIS_COMB (
    input A, B, C, D, M, FCI, F1, FXA, FXB, DI0, DI1, WD, WAD0, WAD1, WAD2, WAD3, WRE, WCK,
    output F, FCO, OFX
);
    parameter MODE = "LOGIC";
    parameter [15:0] INITVAL = 16'h0;
    parameter CCU2_INJECT1 = "NO";
    parameter [127:0] WREMUX = "WRE";
    parameter [127:0] WCKMUX = "WCK";
    parameter [0:0] IS_Z1 = 1'b0;

    wire [3:0] at = {D, C, B, A};
    generate
        if (MODE == "LOGIC") begin
            assign F = INITVAL[at];
            assign FCO = 1'b0;
        end else if (MODE == "CCU2") begin
            // A carry passes where the whole table is 1; else the table of A and B alone makes it.
            wire whole = INITVAL[at];
            wire part = INITVAL[{2'b00, B, A}];
            wire injects = CCU2_INJECT1 == "YES";
            assign F = whole ^ (injects ? 1'b0 : FCI);
            assign FCO = whole ? FCI : (injects ? 1'b0 : part);
        end else if (MODE == "DPRAM") begin
            // Address bits 0 to 3 are at D, B, C and A, and contents are permuted accordingly.
            reg [15:0] ram = INITVAL;
            wire [3:0] write = {WAD0, WAD2, WAD1, WAD3};
            wire writes = WREMUX == "INV" ? ~WRE
                : WREMUX == "1" ? 1'b1 : WREMUX == "0" ? 1'b0 : WRE;
            always @(posedge WCK) if (writes) ram[write] <= WD;
            assign F = ram[at];
            assign FCO = 1'b0;
            if (WCKMUX != "WCK") TRELLIS_COMB_other_clocks_are_not_modelled error ();
        end else if (MODE == "RAMW_BLOCK") begin
            // Its table writes a neighbour's RAM, and gives nothing.
            assign F = 1'b0;
            assign FCO = 1'b0;
        end else TRELLIS_COMB_mode_is_not_modelled error ();
    endgenerate
    assign OFX = IS_Z1 ? (M ? FXB : FXA) : (M ? F1 : F);
endmodule

module TRELLIS_RAMW (
    input A0, B0, C0, D0, A1, B1, C1, D1,
    output WADO0, WADO1, WADO2, WADO3, WDO0, WDO1, WDO2, WDO3
);
    assign {WADO3, WADO2, WADO1, WADO0} = {A0, C0, B0, D0};
    assign {WDO3, WDO2, WDO1, WDO0} = {B1, D1, A1, C1};
endmodule

// A register takes what its table gives, DI, or with SD 0 what comes from outside, M.
module TRELLIS_FF (input CLK, LSR, CE, DI, M, output reg Q);
    parameter GSR = "ENABLED";
    parameter [127:0] CEMUX = "1";
    parameter CLKMUX = "CLK";
    parameter [127:0] LSRMUX = "LSR";
    parameter SRMODE = "LSR_OVER_CE";
    parameter REGSET = "RESET";
    parameter [127:0] LSRMODE = "LSR";
    parameter [127:0] SD = "0";

    generate
        if (CLKMUX != "CLK") TRELLIS_FF_other_clocks_are_not_modelled error ();
        if (SRMODE != "LSR_OVER_CE") TRELLIS_FF_this_reset_is_not_modelled error ();
        if (LSRMODE != "LSR") TRELLIS_FF_preload_is_not_modelled error ();
    endgenerate
    wire value = REGSET == "SET";
    wire enable = CEMUX == "1" ? 1'b1 : CEMUX == "0" ? 1'b0 : CEMUX == "INV" ? ~CE : CE;
    wire resets = LSRMUX == "0" ? 1'b0 : LSRMUX == "1" ? 1'b1 : LSRMUX == "INV" ? ~LSR : LSR;
    initial Q = value;
    always @(posedge CLK)
        if (resets) Q <= value;
        else if (enable) Q <= SD == "1" ? DI : M;
endmodule
